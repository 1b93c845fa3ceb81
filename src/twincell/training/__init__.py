"""Training policies for the environments, judging them, and files that run anywhere.

`settings.py` what is tuned, `trainer.py` one seed, `model.py` its model, `seeds.py` all of them,
`records.py` what a run's folder says of itself, `evaluation.py` how good a policy is, `export.py`
to ONNX, `policy.py` from ONNX. torch and stable-baselines3 come with the extra `train`;
`policy.py` and `evaluation.py` need neither.
"""

import twincell.envs  # noqa: F401  # registers the ids

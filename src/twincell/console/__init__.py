"""The cell in a browser: what moves, what is planned, what was found; with the operator's buttons.

`scene_view.py` bodies and findings in space, `plan_page.py` the plan as a chart, `panel.py` what
stands beside them, `console.py` both behind one address, `ports.py` which that is.
"""

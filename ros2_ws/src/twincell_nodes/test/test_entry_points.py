"""Every executable that setup.py declares is there: `ros2 run` finds it, and it has a main()."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
NODES = re.search(r"NODES = (\[[^\]]*\])", (PACKAGE / "setup.py").read_text())


@pytest.mark.parametrize("node", ast.literal_eval(NODES.group(1)))
def test_executable_has_a_main(node):
    module = ast.parse((PACKAGE / "twincell_nodes" / f"{node}.py").read_text())
    functions = {item.name for item in module.body if isinstance(item, ast.FunctionDef)}
    assert "main" in functions

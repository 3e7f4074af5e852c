"""The documentation is held to the code."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from typer.main import get_command

from patron.surfaces.cli.main import app

HOME = Path(__file__).resolve().parents[1]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", HOME / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    stale = [name for name, text in generator().pages().items() if (HOME / "docs" / name).read_text("utf-8") != text]
    assert stale == [], "run: python docs/generate.py"


def test_the_first_two_shell_blocks_of_the_readme_are_the_run_and_the_test_command() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (HOME / "README.md").read_text("utf-8"), re.S)
    assert blocks[:2] == ["python3 start.py demo\n", "python3 start.py test\n"]


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in [*HOME.glob("*.md"), *HOME.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.name} → {target}")
    assert broken == []


def test_every_dependency_is_constrained() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = project["dependencies"] + [d for extra in project["optional-dependencies"].values() for d in extra]
    constrained = {line.split("==")[0] for line in (HOME / "constraints.txt").read_text("utf-8").splitlines()}
    names = {re.split(r"[\[<>=; ]", dependency)[0].lower().replace("_", "-") for dependency in wanted}
    assert names - {"patron"} - constrained == set()


def test_every_command_of_the_operations_guide_is_one() -> None:
    text = (HOME / "docs" / "operations.md").read_text("utf-8")
    told = re.findall(r"(?m)(?:^\$ (?:sudo -u patron )?|ExecStart=\S*/|^CMD \[)(\"?patron\"?[^\n#]*)", text)
    commands = [shlex.split(re.sub(r"[\[\],]", " ", line)) for line in told]
    assert len(commands) > 10
    for words in commands:
        found, rest = get_command(app), words[1:]
        while hasattr(found, "commands"):
            found, rest = found.commands[rest[0]], rest[1:]
        found.make_context(words[1], list(rest)).close()


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_no_registry_address_is_locked(name: str) -> None:
    assert "://" not in (HOME / name).read_text("utf-8")

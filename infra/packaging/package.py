"""From a checkout to what is deployed: zips named by their content, and the template."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from infra.packaging import build, bundle, checkout
from infra.packaging.functions import FunctionSettings, read_functions, require_same
from infra.packaging.functions import Package as PackageName
from infra.packaging.lambdas import Code
from infra.packaging.plan import Planned, plan
from infra.packaging.policies import load_policies
from infra.packaging.stages import DEMO_PEOPLE, StageSettings, load_stage
from infra.packaging.template import split
from infra.pages import page_settings

PAGES = "web"

_PARAMETERS = ("Stage", "MailSender")


@dataclass(frozen=True, slots=True)
class Package:
    """A packaged stage in its folder: the template's file, `<digest>.zip` files, the pages."""

    folder: Path
    stage: str
    settings: StageSettings
    functions: Mapping[str, FunctionSettings]
    planned: tuple[Planned, ...]
    template: Mapping[str, Any]
    code: Code
    template_file: Path

    @property
    def pages(self) -> Path:
        """The folder of the web client's files."""
        return self.folder / PAGES

    @property
    def zips(self) -> Mapping[str, Path]:
        """The zip files by the names of what they are: packages and layer."""
        named = {**self.code.packages, "typesetter": self.code.layer}
        return {name: self.folder / file for name, file in named.items()}


def package(stage: str, *, allow_dirty: bool = False, root: Path = checkout.ROOT) -> Package:
    """Package a stage into `.build/package/<stage>`.

    Raises `CannotPackage` and `InvalidSettings`: for the machine, the checkout and the stage's
    settings before any work, for what the application tells before anything is kept.
    """
    checkout.require_python()
    if not allow_dirty:
        checkout.require_clean(root)
    functions = read_functions()
    settings = load_stage(stage, functions)
    folder = root / ".build" / "package" / stage
    shutil.rmtree(folder, ignore_errors=True)
    work = folder / "work"
    (work / "source").mkdir(parents=True)
    checkout.copy_source(work / "source", checkout.PACKAGED, root)
    _write_pages(folder, stage, settings, root)
    built = build.build(work / "source", work, stage, settings.region)
    planned = plan(built.template)
    names = [one.name for one in planned]
    require_same(names, functions, "functions.json lacks", "functions.json names")
    policies = load_policies(names, [*built.template["Resources"], *_PARAMETERS])
    code = _write_code(built.folder, folder, settings)
    template = split(built.template, planned, functions, policies, stage, settings, code)
    shutil.rmtree(work)
    file = folder / "template.json"
    made = Package(folder, stage, settings, functions, planned, template, code, file)
    made.template_file.write_text(json.dumps(template, ensure_ascii=False, indent=1))
    return made


def _write_pages(folder: Path, stage: str, settings: StageSettings, root: Path) -> None:
    """The web client's files, and what they are told of the stage."""
    checkout.copy_source(folder, [PAGES], root)
    chosen = page_settings(
        name_zh=settings.operator.name_zh,
        name_en=settings.operator.name_en,
        specimen=stage != "prod",
    )
    (folder / PAGES / "config.json").write_text(json.dumps(chosen, ensure_ascii=False))


def _write_code(unzipped: Path, folder: Path, settings: StageSettings) -> Code:
    """Cut, compile and zip; every zip is named by its digest."""
    bundle.cut(unzipped)
    if settings.demo_checker:
        _invent_people(unzipped / DEMO_PEOPLE, settings.demo_people)
    bundle.compile_bytecode(unzipped)
    return Code(
        packages={
            name: _write_zip(bundle.package_files(unzipped, name), folder)
            for name in get_args(PackageName)
        },
        layer=_write_zip(bundle.layer_files(unzipped), folder),
    )


def _write_zip(contents: bundle.Contents, folder: Path) -> str:
    unnamed = folder / "new.zip"
    name = f"{bundle.write_zip(contents, unnamed)[:32]}.zip"
    unnamed.rename(folder / name)
    return name


def _invent_people(target: Path, count: int) -> None:
    """The people whom the stand-in for the identity checker knows."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "infra.demo", "--no-portraits"]
        command += ["--people", str(count), "--out", folder]
        subprocess.run(command, cwd=checkout.ROOT, stdout=subprocess.DEVNULL, check=True)
        target.parent.mkdir(parents=True)
        shutil.copyfile(Path(folder) / target.name, target)

"""The house keeps its order: who imports whom, who owns which heavy library, and what is public."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("index", "qa", "ui")
MAY_IMPORT = {"index": {"index"}, "qa": {"qa", "index", "seeds"}, "ui": {"ui", "qa", "index", "seeds"}}
OWNERS = {
    "torch": {"qa/hub_reader.py"},
    "transformers": {"index/encoder.py", "qa/hub_reader.py"},
    "sentence_transformers": {"index/encoder.py", "qa/reranker.py"},
    "onnxruntime": {"qa/reader.py"},
    "faiss": {"index/dense.py"},
    "sqlite3": {"index/store.py"},
    "langchain": set(),
    "langchain_core": {"index/retriever.py", "qa/chain.py"},
    "langchain_community": set(),
    "gradio": {"ui/app.py", "ui/articles_page.py", "ui/chat_page.py"},
    "trafilatura": {"index/formats/pages.py"},
    "feedparser": {"index/formats/feeds.py"},
    "pypdf": {"index/formats/pdf.py"},
    "docx": {"index/formats/word.py"},
}
LIGHT = {"sqlite3"}
PICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """(path from the root, syntax tree) of every module that is installed."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """(module, whether it is loaded with the module that imports it) of every import."""
    lazy = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or _is_type_checking(node)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.name, node not in lazy) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield node.module or "", node not in lazy


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def top(module: str) -> str:
    return module.partition(".")[0]


def test_there_is_something_to_look_at() -> None:
    """What follows proves nothing where nothing is parsed."""
    assert {path for owners in OWNERS.values() for path in owners} <= {path for path, _ in modules()}


def test_packages_import_downwards_only() -> None:
    ours = {"index", "qa", "ui", "seeds", "training", "tests", "bench"}
    wrong = [
        f"{path} imports {module}"
        for path, tree in modules()
        for module, _ in imported(tree)
        if top(module) in ours - MAY_IMPORT[path.partition("/")[0]]
    ]
    assert wrong == []


def test_each_heavy_library_has_its_owner() -> None:
    found: dict[str, set[str]] = {library: set() for library in OWNERS}
    for path, tree in modules():
        for module, _ in imported(tree):
            if top(module) in OWNERS:
                found[top(module)].add(path)
    assert found == OWNERS


def test_heavy_libraries_load_with_no_module_that_loads_early() -> None:
    at_once = {
        path: {top(module) for module, early in imported(tree) if early and top(module) in OWNERS.keys() - LIGHT}
        for path, tree in modules()
    }
    assert {path for path, libraries in at_once.items() if libraries} == {
        "index/retriever.py",
        *OWNERS["gradio"],
    }


@pytest.mark.parametrize(
    "code",
    [
        "import index",
        "import qa",
        "from qa import answer; from index import Index; Index('x', None)",
        "import sys; sys.argv = ['quoth', '--help']; import ui.cli\ntry: ui.cli.main()\nexcept SystemExit: pass",
    ],
    ids=["index", "qa", "names", "help"],
)
def test_importing_and_asking_for_help_load_nothing_heavy(code: str) -> None:
    heavy = sorted(OWNERS.keys() - LIGHT)
    check = f"{code}\nimport sys; print('loaded:', [name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


@pytest.mark.parametrize("name", PACKAGES)
def test_public_names_are_few_sorted_and_there(name: str) -> None:
    package = importlib.import_module(name)
    names: list[str] = getattr(package, "__all__", [])
    assert names == sorted(names, key=str)
    assert len(names) <= 10
    assert len(set(names)) == len(names)
    assert all(hasattr(package, public) for public in names)
    tree = ast.parse((ROOT / name / "__init__.py").read_text(encoding="utf-8"))
    bound = {a.asname or a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names} - {"annotations"}
    assert bound == set(names), "what a package imports is what it offers"
    plain = (ast.Expr, ast.ImportFrom, ast.Assign)
    assert all(isinstance(node, plain) for node in tree.body), "no logic in a package's front door"


def test_nothing_is_pickled() -> None:
    for path, tree in modules():
        assert not {top(module) for module, _ in imported(tree)} & PICKLERS, path
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword):
                assert node.arg != "allow_pickle", path
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("read_pickle", "to_pickle"), path
                assert ast.unparse(node) not in ("torch.load", "np.load", "numpy.load"), path


def test_only_the_interface_catches_every_error_of_ours() -> None:
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "anything"
                assert path.startswith("ui/") or not {"QuothError", "anything"} & set(caught.strip("()").split(", ")), (
                    path
                )

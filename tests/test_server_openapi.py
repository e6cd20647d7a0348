"""The description of the API: fresh, in both languages, and kept to by the server whatever is sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from server_running import Deployment, deployment

KEPT = Path(__file__).parent.parent / "docs" / "reference" / "openapi.json"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return deployment(tmp_path_factory.mktemp("openapi") / "data")


@pytest.fixture(scope="module")
def app(made: Deployment) -> FastAPI:
    return made.app(public_screenings_per_minute=1_000_000, uploads_per_minute=1_000_000)


def written(app: FastAPI) -> str:
    return json.dumps(app.openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def test_the_document_in_the_manual_is_the_one_the_server_gives(app: FastAPI) -> None:
    assert KEPT.read_text("utf-8") == written(app), "stale: run python tests/test_server_openapi.py"


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_operation_says_what_it_does_in_both_languages_and_how_it_fails(app: FastAPI) -> None:
    document = app.openapi()
    assert document["openapi"].startswith("3.1")
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in operations(document):
        assert re.search("[\u4e00-\u9fff]", operation["summary"]), name
        assert re.search("[A-Za-z]{3}", operation["summary"]), name
        assert set(operation["tags"]) <= tags, name
        assert "application/problem+json" in operation["responses"]["default"]["content"], name
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))


@pytest.mark.filterwarnings("ignore")  # of the client's own libraries
def test_the_server_keeps_to_its_description_whatever_is_sent(app: FastAPI, made: Deployment) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    tokens = [f"Bearer {made.tokens['administrator']}", ""]
    wanted = ("not_a_server_error", "content_type_conformance", "response_schema_conformance")
    checks = CHECKS.get_by_names(wanted)
    failures: list[str] = []
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # every one can be read
        if operation.path.endswith("/events"):  # never ends by itself
            continue

        @settings(
            max_examples=4,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @_given(operation)  # type: ignore[untyped-decorator]
        def ask(case: Any) -> None:
            for token in tokens:
                headers = {"Authorization": token} if token else {}
                case.call_and_validate(headers=headers, checks=checks)

        try:
            ask()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001, all are reported together
            failures.append(f"{operation.label}: {str(error)[:600]}")
    assert failures == []


def _given(operation: Any) -> Any:
    from hypothesis import given

    return given(case=operation.as_strategy())


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        KEPT.write_text(written(deployment(Path(folder) / "data").app()), "utf-8")

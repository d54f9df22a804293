"""The OpenAPI document is complete and valid, and its page works without a network."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nlp import codec

from .fakes import Client, fits, letter, problem


@pytest.fixture(scope="module", name="document")
def _document(client: Client) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def _references(document: dict[str, Any]) -> set[str]:
    return set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(document)))


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    """Each $ref names a component, and each component is referred to."""
    assert _references(document) == set(document["components"]["schemas"])
    assert json.dumps(document).count('"$ref": "#/components/schemas/') == json.dumps(
        document
    ).count('"$ref"')


def test_components_are_schemas(document: dict[str, Any]) -> None:
    """Each component is a valid JSON Schema."""
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_report_is_the_contract(document: dict[str, Any]) -> None:
    """The Report component has exactly the keys of the contract."""
    ours = codec.json_schema()["$defs"]["Report"]
    theirs = document["components"]["schemas"]["Report"]
    assert theirs["required"] == ours["required"]
    assert list(theirs["properties"]) == list(ours["properties"])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/triage", letter()),
        ("POST", "/v1/triage/batch", {"letters": [letter()]}),
        ("GET", "/v1/labels", None),
        ("GET", "/v1/schema", None),
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
    ],
)
def test_answers_fit_the_document(
    client: Client, document: dict[str, Any], method: str, path: str, body: object
) -> None:
    """What each address answers, and what it is sent, fits the schema shown for it."""
    operation = document["paths"][path][method.lower()]
    content = operation["responses"]["200"]["content"]["application/json"]["schema"]
    answer = client.send(method, path, json=body) if body else client.get(path)
    assert _fits(answer.json(), content, document)
    if body:
        media = operation["requestBody"]["content"]["application/json"]
        assert _fits(body, media["schema"], document)
        assert _fits(media["example"], media["schema"], document)
        assert client.post(path, media["example"]).status_code == 200


def test_problems_fit_the_document(client: Client, document: dict[str, Any]) -> None:
    """A problem fits the Problem component, and every address lists those it may answer."""
    found = problem(client.post("/v1/triage", {}))
    assert _fits(found, {"$ref": "#/components/schemas/Problem"}, document)
    responses = document["paths"]["/v1/triage"]["post"]["responses"]
    assert set(responses) == {"200", "408", "413", "415", "422", "500", "503"}
    assert all(responses[status]["description"] for status in responses)


def _fits(value: object, schema: dict[str, Any], document: dict[str, Any]) -> bool:
    whole = schema | {"components": document["components"]}
    return fits(value, whole)


def test_the_page_is_offline(client: Client) -> None:
    """/docs asks no other host for anything, and all it asks for is here."""
    html = client.get("/docs").text
    assert not re.search(r"(https?:)?//[a-z]", html)
    assets = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(assets) == 3
    for asset in [*assets, "openapi.json"]:
        assert client.get("/" + asset.removeprefix("./")).status_code == 200


def test_the_policy_lets_the_page_run(client: Client) -> None:
    """The page has one inline script, and the policy names its hash; nothing from outside."""
    answer = client.get("/docs")
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"'sha256-{digest}'" in policy
    assert "http" not in policy
    assert '"validatorUrl": null' in script


def test_document_is_made_once(client: Client) -> None:
    """Two requests get the same document."""
    first, second = (client.get("/openapi.json").content for _ in range(2))
    assert first == second
    assert json.loads(first)["openapi"].startswith("3.1")

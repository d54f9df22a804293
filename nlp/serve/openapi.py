"""The OpenAPI document and its offline page.

Schemas of answers come from the dataclasses through ``nlp.codec``, those of requests from
``nlp.serve.schema``; none is written twice.
"""

import base64
import hashlib
import json
import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi

from nlp import codec
from nlp.serve.catalogue import Catalogue, Readiness
from nlp.serve.problems import KINDS, MEDIA_TYPE, Problem
from nlp.serve.schema import BatchIn

STATIC = "/static-docs"
_COMPONENTS = "#/components/schemas/"


def _json(name: str) -> dict[str, Any]:
    """JSON content that is a component."""
    return {"application/json": {"schema": {"$ref": _COMPONENTS + name}}}


def responses(name: str, description: str, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """The 200 of an address and the problems it may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _COMPONENTS + "Problem"}}}
    problems: dict[int | str, dict[str, Any]] = {
        status: {
            "description": "；".join(kind.title for kind in KINDS if kind.status == status),
            "content": content,
        }
        for status in (*statuses, 500)
    }
    return {200: {"description": description, "content": _json(name)}, **problems}


def request_body(name: str, example: object) -> dict[str, Any]:
    """The requestBody of an address that reads JSON."""
    content = _json(name)
    content["application/json"]["example"] = example
    return {"requestBody": {"required": True, "content": content}}


def document(app: FastAPI) -> dict[str, Any]:
    """The whole OpenAPI document, made once."""
    if not app.openapi_schema:
        found = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        found.setdefault("components", {})["schemas"] = _components()
        app.openapi_schema = found
    return app.openapi_schema


def _components() -> dict[str, Any]:
    """Every schema that an address refers to.

    Labels are prefixed, since a purpose in labels/ and a purpose in a report differ.
    """
    merged: dict[str, Any] = {
        "Batch": {
            "type": "object",
            "description": "一批报告，顺序与来信相同",
            "properties": {"reports": {"type": "array", "items": {"$ref": _COMPONENTS + "Report"}}},
            "required": ["reports"],
            "additionalProperties": False,
        },
        "Schema": {"type": "object", "description": "报告的 JSON Schema（2020-12）"},
        "Alive": {
            "type": "object",
            "properties": {"status": {"const": "alive"}},
            "required": ["status"],
        },
        **_moved(codec.json_schema(), ""),
        **_moved(codec.json_schema(Problem), ""),
        **_moved(codec.json_schema(Readiness), ""),
        **_moved(codec.json_schema(Catalogue), "Labels"),
    }
    batch = BatchIn.model_json_schema(ref_template=_COMPONENTS + "{model}")
    merged |= batch.pop("$defs")
    return dict(sorted({**merged, "BatchIn": batch}.items()))


def _moved(schema: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The ``$defs`` of a schema as components, their references with them."""
    written = json.dumps(schema["$defs"]).replace('"#/$defs/', f'"{_COMPONENTS}{prefix}')
    return {prefix + name: found for name, found in json.loads(written).items()}


def page(title: str) -> str:
    """The Swagger UI page: every address relative, nothing from another host."""
    response = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=title,
        swagger_js_url=f".{STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f".{STATIC}/swagger-ui.css",
        swagger_favicon_url=f".{STATIC}/favicon.png",
        swagger_ui_parameters={"validatorUrl": None, "persistAuthorization": False},
    )
    return bytes(response.body).decode()


def policy(html: str) -> str:
    """The Content-Security-Policy under which the page works: its one inline script by hash."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    )
    return (
        f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    )

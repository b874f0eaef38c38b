#!/usr/bin/env bash
# Writes models.py from the manager's OpenAPI document into the file named, or where it belongs.
set -euo pipefail
cd "$(dirname "$0")/.."
datamodel-codegen --input ../../contract/openapi.json --input-file-type openapi --output-model-type typing.TypedDict --target-python-version 3.11 \
    --disable-timestamp --use-union-operator --use-standard-collections --use-schema-description --use-field-description --formatters builtin \
    --output "${1:-src/peegeeq_service_manager/models.py}" 2>/dev/null

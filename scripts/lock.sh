#!/usr/bin/env bash
# Compile requirements/*.txt: the exact versions that `make env` and `make test-matrix` install.
# What is pinned stays pinned as long as it fits; `make lock UPGRADE=1` takes the newest of everything.
# No index address is written: where packages come from is the machine's own matter.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON_VERSION=3.11
AIRFLOW_VERSIONS="3.0.6 3.1.8 3.3.2"
KEDRO_VERSIONS="1.2.0 1.7.0"

# compile <output> <input>...: standard input is one more input.
compile() {
    local output=$1
    shift
    compile_alone "$output" --extra kedro --extra airflow pyproject.toml - "$@"
}

# compile_alone <output> <option or input>...
compile_alone() {
    local output=$1 pinned inputs
    shift
    inputs=$(printf '%s\n' "$@" | grep -E '[.](in|toml)$' | paste -sd ' ')
    pinned=$(mktemp)
    # uv takes the pins of an earlier output as its preferences; a failed attempt leaves that output as it was.
    if [[ -f $output ]]; then cp "$output" "$pinned"; fi
    uv pip compile --quiet ${UPGRADE:+--upgrade} --python-version "$PYTHON_VERSION" \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file "$pinned" "$@"
    {
        echo "# Compiled by \`make lock\` for Python $PYTHON_VERSION from ${inputs// / and }. Do not edit."
        grep -v '^#' "$pinned"
    } >"$output"
    rm "$pinned"
    echo "$output"
}

compile requirements/dev.txt requirements/dev.in </dev/null
for airflow in $AIRFLOW_VERSIONS; do
    # Airflow 3.0 sets no limit itself and does not work with newer ones: see docs/compatibility.md.
    limit=""
    if [[ $airflow == 3.0.* ]]; then limit="fastapi<0.118"; fi
    for kedro in $KEDRO_VERSIONS; do
        compile "requirements/matrix-$airflow-kedro-${kedro%.*}.txt" requirements/matrix.in <<END
apache-airflow==$airflow
kedro==$kedro
$limit
END
    done
done
compile requirements/mlflow.txt requirements/mlflow.in </dev/null
compile requirements/remote.txt requirements/remote.in </dev/null
compile requirements/cloud.txt requirements/cloud.in </dev/null
# What bench/ compares with. kedro-airflow shall differ from us in nothing else; kedro-mlflow wants an older pandas.
compile_alone requirements/bench-kedro-airflow.txt -c requirements/dev.txt requirements/bench-kedro-airflow.in
compile_alone requirements/bench-kedro-aloft.txt -c requirements/dev.txt pyproject.toml requirements/bench-kedro-aloft.in
compile_alone requirements/bench-plugins.txt requirements/bench-plugins.in
compile_alone requirements/providers.txt requirements/providers.in

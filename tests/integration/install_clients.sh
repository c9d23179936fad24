# The clients that people bring, from their own package registries, under build/.  Sourced after tests/lib.sh.

# install_clients: fails only when not even pytest and boto3 can be had; says and counts every other one that is missing.
install_clients() {
  command -v /usr/bin/python3 >/dev/null && install_missing tests python3-venv
  command -v node >/dev/null || install_missing tests nodejs
  command -v npm >/dev/null || install_missing tests npm

  if ! python_venv clients boto3==1.44.5 awscli==1.46.2 pytest==9.2.0; then
    skip integration "pytest, boto3 and the AWS CLI could not be installed from the Python registry ($logs/venv-clients.log)"
    return 1
  fi
  # The last botocore that speaks the Query wire to SQS is 1.31.80.
  if ! python_venv botocore-query boto3==1.28.80 botocore==1.31.80; then
    skip integration-query-wire "an old botocore could not be installed from the Python registry"
    export SWITCHYARD_MISSING_CLIENTS=1
  fi
  if ! python_venv scaleway scaleway==2.12.0; then
    skip integration-scaleway-python "the Python SDK of Scaleway could not be installed from the Python registry"
    export SWITCHYARD_MISSING_CLIENTS=1
  fi
  install_scw
  local node=$root/build/node-clients
  if ! cmp -s "$root/tests/integration/clients/package.json" "$node/installed.json"; then
    rm -rf "$node" && mkdir -p "$node" && cp "$root/tests/integration/clients/package.json" "$node/"
    if (cd "$node" && npm install --no-audit --no-fund --no-package-lock --loglevel=error) >"$logs/npm.log" 2>&1; then
      cp "$node/package.json" "$node/installed.json"
    else
      rm -rf "$node/node_modules"
      skip integration-javascript "the AWS SDK for JavaScript could not be installed from the Node registry ($logs/npm.log)"
      export SWITCHYARD_MISSING_CLIENTS=1
    fi
  fi
}

# The command line client of Scaleway is a Go module of one program; building it takes some minutes, once.
install_scw() {
  local folder=$root/build/scw-cli source=$root/tests/integration/clients/scw/go.mod
  cmp -s "$source" "$folder/built.mod" && [ -x "$folder/scw" ] && return
  rm -rf "$folder" && mkdir -p "$folder" && cp "$source" "$folder/"
  if ! command -v go >/dev/null; then
    skip integration-scw "there is no Go (1.22 or newer) to build the command line client of Scaleway with"
    export SWITCHYARD_MISSING_CLIENTS=1
  elif (cd "$folder" && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false go build -mod=mod -trimpath -o scw \
      github.com/scaleway/scaleway-cli/v2/cmd/scw) >"$logs/scw.log" 2>&1; then
    cp "$source" "$folder/built.mod"
  else
    skip integration-scw "the command line client of Scaleway could not be built from the Go registry ($logs/scw.log)"
    export SWITCHYARD_MISSING_CLIENTS=1
  fi
}

# run_pytest NAME ARGUMENT...: counts cases from pytest's own report.
run_pytest() {
  local name=$1 report=$logs/$1.xml status=0
  shift
  rm -f "$report"
  "$root/build/venv-clients/bin/python" -m pytest -c "$root/tests/integration/pytest.ini" --junitxml="$report" "$@" || status=$?
  if [ ! -f "$report" ]; then
    echo "FAILED  $name: pytest ended with status $status and no report"
    record "$name" 0 1
    return 1
  fi
  "$root/build/venv-clients/bin/python" - "$report" "$name" >>"$SWITCHYARD_TEST_RESULTS" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

suites = tree.parse(sys.argv[1]).getroot().iter("testsuite")
cases = failed = skipped = 0
for suite in suites:
    cases += int(suite.get("tests"))
    failed += int(suite.get("failures")) + int(suite.get("errors"))
    skipped += int(suite.get("skipped"))
print(f"{sys.argv[2]}\t{max(0, cases - failed - skipped)}\t{failed or int(cases == 0)}\t{skipped}")
PYTHON
  return "$status"
}

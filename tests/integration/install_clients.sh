# The clients that people bring, from their own package registries, under build/.  Sourced after tests/lib.sh.

# install_clients: fails only when not even pytest and boto3 can be had; says and counts every other one that is missing.
# Versions are pinned here and in the lock files below clients/.
install_clients() {
  command -v /usr/bin/python3 >/dev/null && install_missing tests python3-venv
  command -v node >/dev/null || install_missing tests nodejs
  command -v npm >/dev/null || install_missing tests npm

  if ! python_venv clients boto3==1.44.5 awscli==1.46.2 pytest==9.2.0 "nats-py[nkeys]==2.16.0"; then
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
  install_node_clients
  install_go_clients
  install_java_clients
  if ! python_venv celery "celery[sqs]==5.6.2" kombu==5.7.0 boto3==1.44.5 pycurl==7.49.0; then
    not_installed Celery "$logs/venv-celery.log"
  fi
  install_floci
  # Not a question of what is installed here: there is nothing to install it from.
  skip integration-terraform "the Go module registry does not offer the module of the Scaleway provider for Terraform, and no package registry has the provider's releases"
}

# not_installed CLIENT LOG: the tests that need it fail, for every machine that runs them can have it.
not_installed() {
  echo "NOT INSTALLED $1; its tests will fail.  The end of $2:"
  tail -n 15 "$2" 2>/dev/null
}

# is_current FOLDER FILE...: the client in FOLDER was made from these files as they are now.
is_current() {
  local folder=$1
  shift
  cat "$@" | cmp -s - "$folder/made-from"
}

install_node_clients() {
  local folder=$root/build/node-clients source=$root/tests/integration/clients/node
  local from=("$source/package.json" "$source/package-lock.json")
  is_current "$folder" "${from[@]}" && return
  rm -rf "$folder" && mkdir -p "$folder" && cp "${from[@]}" "$folder/"
  if (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error) >"$logs/npm.log" 2>&1; then
    cat "${from[@]}" >"$folder/made-from"
  else
    rm -rf "$folder/node_modules"
    not_installed "the AWS SDK for JavaScript and sqs-consumer" "$logs/npm.log"
  fi
}

# Programs with the Go SDKs of AWS and Scaleway; alpha is a module of its own, for an SDK of the time of v1alpha1.
install_go_clients() {
  local folder=$root/build/go-clients source=$root/tests/integration/clients/go
  local from=("$source"/go.mod "$source"/go.sum "$source"/*/*.go "$source"/alpha/go.mod "$source"/alpha/go.sum)
  is_current "$folder" "${from[@]}" && return
  rm -rf "$folder" && mkdir -p "$folder"
  if (export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false && cd "$source" && go build -trimpath -o "$folder/" ./sqs ./scaleway &&
    cd alpha && go build -trimpath -o "$folder/" .) >"$logs/go-clients.log" 2>&1; then
    cat "${from[@]}" >"$folder/made-from"
  else
    rm -f "$folder"/*
    not_installed "the programs with the Go SDKs of AWS and Scaleway (Go 1.24 or newer)" "$logs/go-clients.log"
  fi
}

install_java_clients() {
  local folder=$root/build/java-clients source=$root/tests/integration/clients/java
  local from=("$source/pom.xml" "$source/Scenario.java")
  command -v javac >/dev/null || install_missing tests default-jdk-headless
  command -v mvn >/dev/null || install_missing tests maven
  is_current "$folder" "${from[@]}" && return
  rm -rf "$folder" && mkdir -p "$folder"
  if (cd "$folder" && mvn -q -B -ntp -f "$source/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$folder/jars" && javac -encoding UTF-8 -cp "$folder/jars/*" -d "$folder" "$source/Scenario.java") \
    >"$logs/java-clients.log" 2>&1; then
    cat "${from[@]}" >"$folder/made-from"
  else
    rm -f "$folder/Scenario.class"
    not_installed "the program with the AWS SDK for Java" "$logs/java-clients.log"
  fi
}

# floci's own tests of SQS, at one revision (1.7.0), and what they need.  SWITCHYARD_FLOCI_TESTS names the folder
# `compatibility-tests` of a checkout that is there already.
install_floci() {
  local folder=$root/build/floci-node pins="vitest@2.1.9 esbuild@0.21.5 @aws-sdk/client-sqs@3.958.0"
  local checkout=$root/build/floci revision=75c8cfc4d93b62063b6a435dff0fc77df180ff84
  if [ ! -d "${SWITCHYARD_FLOCI_TESTS:-}" ]; then
    unset SWITCHYARD_FLOCI_TESTS
    if [ "$(git -C "$checkout" rev-parse HEAD 2>/dev/null)" != "$revision" ]; then
      rm -rf "$checkout" && git init -q "$checkout" &&
        timeout 120 git -C "$checkout" fetch -q --depth 1 https://github.com/floci-io/floci "$revision" >"$logs/floci-git.log" 2>&1 &&
        git -C "$checkout" checkout -q FETCH_HEAD
    fi
    if [ ! -d "$checkout/compatibility-tests" ]; then
      rm -rf "$checkout"
      skip integration-floci "floci's compatibility tests could not be fetched: $(tail -n 1 "$logs/floci-git.log")"
      return
    fi
    export SWITCHYARD_FLOCI_TESTS=$checkout/compatibility-tests
  fi
  [ "$(cat "$folder/pins" 2>/dev/null)" = "$pins" ] && return
  rm -rf "$folder" && mkdir -p "$folder" && echo '{"private": true}' >"$folder/package.json"
  # shellcheck disable=SC2086  # One word for each package.
  if (cd "$folder" && npm install --no-audit --no-fund --no-package-lock --loglevel=error $pins) >"$logs/floci.log" 2>&1; then
    echo "$pins" >"$folder/pins"
  else
    rm -rf "$folder/node_modules"
    not_installed "vitest for floci's tests" "$logs/floci.log"
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

"""The control API over real sockets: exact bodies, status lines, and what they do to the data plane."""
import concurrent.futures
import hashlib
import re
import uuid

import boto3
import botocore.exceptions
import pytest

from conftest import CONFIG, client_for
from control import Control
from raw import exchange

NANOSECONDS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
MICROSECONDS = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
ALL = {"can_publish": True, "can_receive": True, "can_manage": True}


@pytest.fixture
def api(broker):
    """Each test has a project of its own: a project is there when it is first used."""
    control = Control(broker)
    control.project = str(uuid.uuid4())
    return control


def parked_polls(broker):
    text = exchange(broker, "GET", "/metrics", {}).body.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith("switchyard_http_parked_requests"))


def make_namespace(api, protocol, name="orders"):
    answer = api.alpha("POST", "namespaces", {"name": name, "protocol": protocol, "project_id": api.project})
    assert answer.status == 200, answer.text
    return answer.json


def make_credential(api, namespace, permissions=ALL, **more):
    answer = api.alpha("POST", "credentials",
                       {"namespace_id": namespace["id"], "name": "worker", "permissions": permissions, **more})
    assert answer.status == 200, answer.text
    return answer.json


def sqs_for(broker, keys, region="fr-par"):
    return client_for(broker, aws_access_key_id=keys["access_key"], aws_secret_access_key=keys["secret_key"],
                      region_name=region)


def code_of(call, *arguments, **named):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(*arguments, **named)
    return refused.value.response["Error"]["Code"]


class TestWhoAsks:
    def test_no_token_a_wrong_one_and_a_credential_of_the_data_plane_are_refused(self, broker, api):
        for token, reason in (("", "invalid_argument"), (str(uuid.uuid4()), "not_found"),
                              (broker.environment["AWS_SECRET_ACCESS_KEY"], "not_found")):
            answer = Control(broker, token=token)("GET", "nats-accounts")
            assert answer.status == 401
            assert answer.json == {"message": "authentication is denied", "method": "api_key", "reason": reason,
                                   "type": "denied_authentication"}

    def test_answers_carry_the_headers_that_clients_look_at(self, api):
        answer = api("GET", "nats-accounts")
        assert answer.headers["Content-Type"] == "application/json"
        assert uuid.UUID(answer.headers["X-Request-Id"]).version == 4
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    def test_an_administrator_of_some_projects_sees_no_others(self, own_broker, tmp_path):
        mine, other, secret, chief = (str(uuid.uuid4()) for _ in range(4))
        config = tmp_path / "admins.yaml"
        config.write_text(f"""
plugins:
  control:
    admins:
      - {{name: chief, access_key: SCWCHIEF000000000000, secret_key: {chief}}}
      - {{name: team, access_key: SCWTEAM0000000000000, secret_key: {secret}, projects: [{mine}]}}
""")
        broker = own_broker("--config", config)
        assert "SCW_SECRET_KEY" not in broker.environment, "the declared ones are used instead"
        broker.environment.update(SCW_SECRET_KEY=chief, SCW_DEFAULT_PROJECT_ID=other)
        everyone, team = Control(broker), Control(broker, token=secret)
        foreign = everyone.ok("POST", "nats-accounts", {"name": "x", "project_id": other})
        refused = {"details": [{"action": "read", "resource": "namespace"}], "message": "insufficient permissions",
                   "type": "permissions_denied"}
        answer = team("GET", f"nats-accounts/{foreign['id']}")
        assert (answer.status, answer.json) == (403, refused)
        assert team("POST", "nats-accounts", {"name": "x", "project_id": other}).status == 403
        assert team.ok("GET", "nats-accounts")["total_count"] == 0
        assert team("POST", "activate-sqs", {"project_id": mine}).status == 200


class TestNamespaces:
    @pytest.mark.parametrize("protocol", ["nats", "sqs_sns"])
    def test_a_namespace_lives_from_its_creation_to_its_deletion(self, api, protocol):
        made = make_namespace(api, protocol)
        assert list(made) == ["created_at", "endpoint", "id", "name", "project_id", "protocol", "region", "updated_at"]
        assert len(made["id"]) == 56 and made["id"].startswith("A")
        assert NANOSECONDS.match(made["created_at"]) and made["created_at"] == made["updated_at"]
        read = api.alpha("GET", f"namespaces/{made['id']}").json
        assert MICROSECONDS.match(read["created_at"]) and made["created_at"].startswith(read["created_at"][:-1])
        changed = api.alpha("PATCH", "namespaces", {"namespace_id": made["id"], "name": "renamed"}).json
        assert changed["name"] == "renamed" and changed["updated_at"] > changed["created_at"]
        same = api.alpha("PATCH", "namespaces", {"namespace_id": made["id"], "name": None}).json
        assert same == changed
        gone = api.alpha("DELETE", f"namespaces/{made['id']}")
        assert gone.status == 204 and gone.text == "" and gone.headers["Content-Type"] == "application/json"
        missing = api.alpha("GET", f"namespaces/{made['id']}")
        assert missing.status == 404
        assert missing.json == {"message": "resource is not found", "resource": "namespace", "resource_id": made["id"],
                                "type": "not_found"}
        assert api.alpha("DELETE", f"namespaces/{made['id']}").status == 404

    def test_lists_are_paged_and_sorted(self, api):
        for name in ("b", "a", "c", "e", "d"):
            make_namespace(api, "nats", name)
        names, page = [], 1
        while True:
            answer = api.alpha("GET", f"namespaces?project_id={api.project}&page={page}&page_size=2&order_by=name_desc").json
            assert answer["total_count"] == 5
            if not answer["namespaces"]:
                break
            names += [one["name"] for one in answer["namespaces"]]
            page += 1
        assert names == ["e", "d", "c", "b", "a"]
        default = api.alpha("GET", f"namespaces?project_id={api.project}").json["namespaces"]
        assert [one["name"] for one in default] == ["b", "a", "c", "e", "d"]

    def test_what_is_wrong_with_a_request_is_listed(self, api):
        answer = api("GET", "nats-accounts/short")
        assert answer.status == 400
        assert answer.json == {"details": [{"argument_name": "nats_account_id", "help_message": "value length must be 56 runes",
                                            "reason": "constraint"}],
                               "message": "invalid argument(s)", "type": "invalid_arguments"}
        for path, body, argument in (("namespaces", {"project_id": api.project}, "protocol"),
                                     ("namespaces", {"protocol": "amqp", "project_id": api.project}, "protocol"),
                                     ("namespaces", {"protocol": "nats", "project_id": "mine"}, "project_id"),
                                     ("namespaces", {"protocol": "nats", "project_id": api.project, "name": 5}, "name"),
                                     ("namespaces", {"protocol": "nats", "project_id": api.project, "name": "a\u0001"}, "name"),
                                     ("credentials", {"name": "x"}, "namespace_id"),
                                     ("namespaces", {}, "protocol"), ("namespaces", {}, "project_id")):
            answer = api.alpha("POST", path, body)
            assert answer.status == 400, (path, body)
            assert argument in [detail["argument_name"] for detail in answer.json["details"]]
        for query in ("page=0", "page=x", "order_by=color_asc", "order_by=name", "project_id=x"):
            assert api.alpha("GET", f"namespaces?{query}").status == 400, query
        assert api("POST", "nats-accounts", raw=b"{").status == 400
        assert api("POST", "nats-accounts", raw=b"[" * 100_000).status == 400
        answer = Control.__call__(api, "GET", "/mnq/v1beta1/regions/pl-waw/nats-accounts")
        assert answer.json["details"][0]["argument_name"] == "region"

    def test_bytes_that_are_no_text_do_not_come_back(self, api):
        answer = api.alpha("GET", "namespaces/" + "%ff" * 56)
        assert (answer.status, answer.json["resource_id"]) == (404, "")

    def test_unknown_paths_and_methods_are_told_apart(self, api):
        assert api("GET", "nothing").status == 404
        answer = api("PUT", "nats-accounts")
        assert answer.status == 405 and answer.headers["Allow"] == "GET, POST"


class TestCredentials:
    def test_a_secret_is_shown_once(self, api):
        namespace = make_namespace(api, "sqs_sns")
        made = make_credential(api, namespace, {"can_publish": True, "can_receive": True, "can_manage": False})
        keys = made["sqs_sns_credentials"]
        assert re.fullmatch(r"[A-Za-z0-9]{20}", keys["access_key"]) and re.fullmatch(r"[A-Za-z0-9]{64}", keys["secret_key"])
        read = api.alpha("GET", f"credentials/{made['id']}").json
        assert read == {**made, "sqs_sns_credentials": {**keys, "secret_key": None}}
        [listed] = api.alpha("GET", f"credentials?namespace_id={namespace['id']}").json["credentials"]
        assert "secret_key" not in listed["sqs_sns_credentials"]

    def test_a_nats_file_is_shown_once(self, api):
        namespace = make_namespace(api, "nats")
        made = api.alpha("POST", "credentials", {"namespace_id": namespace["id"], "name": "w", "permissions": None}).json
        assert "BEGIN NATS USER JWT" in made["nats_credentials"]["content"]
        assert "sqs_sns_credentials" not in made
        read = api.alpha("GET", f"credentials/{made['id']}").json
        assert read == {key: value for key, value in made.items() if key != "nats_credentials"}
        refused = api.alpha("POST", "credentials", {"namespace_id": namespace["id"], "permissions": ALL})
        assert refused.status == 400

    def test_permissions_are_needed_whole_and_a_change_without_them_keeps_them(self, api):
        namespace = make_namespace(api, "sqs_sns")
        for permissions in (None, {}, {"can_publish": True, "can_receive": True}):
            answer = api.alpha("POST", "credentials", {"namespace_id": namespace["id"], "permissions": permissions})
            assert answer.status == 400, permissions
        made = make_credential(api, namespace)
        changed = api.alpha("PATCH", f"credentials/{made['id']}",
                            {"name": None, "permissions": {"can_manage": False, "can_receive": True}}).json
        assert changed["sqs_sns_credentials"]["permissions"] == {"can_manage": False, "can_publish": False, "can_receive": True}
        assert changed["name"] == "worker" and changed["sqs_sns_credentials"]["secret_key"] is None
        renamed = api.alpha("PATCH", f"credentials/{made['id']}", {"name": "x", "permissions": None}).json
        assert renamed["name"] == "x"
        assert renamed["sqs_sns_credentials"]["permissions"] == changed["sqs_sns_credentials"]["permissions"]

    def test_a_credential_goes_with_its_namespace(self, api):
        namespace = make_namespace(api, "sqs_sns")
        made = make_credential(api, namespace)
        assert api.alpha("DELETE", f"namespaces/{namespace['id']}").status == 204
        answer = api.alpha("DELETE", f"credentials/{made['id']}")
        assert answer.status == 404 and answer.json["resource"] == "credential"

    def test_permissions_given_to_v1alpha1_replace_all_and_to_v1beta1_those_that_are_there(self, api):
        made = make_credential(api, make_namespace(api, "sqs_sns"))
        path = f"credentials/{made['id']}"

        def alpha(permissions):
            answer = api.alpha("PATCH", path, {"permissions": permissions})
            assert answer.status == 200, answer.text
            return answer.json["sqs_sns_credentials"]["permissions"]

        assert alpha({"can_receive": True}) == {"can_publish": False, "can_receive": True, "can_manage": False}
        assert alpha(None) == {"can_publish": False, "can_receive": True, "can_manage": False}
        assert alpha({"can_publish": True, "can_receive": None}) == {"can_publish": True, "can_receive": False,
                                                                     "can_manage": False}
        assert alpha({}) == {"can_publish": False, "can_receive": False, "can_manage": False}
        assert api.alpha("GET", path).json["sqs_sns_credentials"]["permissions"] == alpha(None)

        api.ok("POST", "activate-sqs", {"project_id": api.project})
        made = api.ok("POST", "sqs-credentials", {"project_id": api.project, "permissions": ALL})
        changed = api.ok("PATCH", f"sqs-credentials/{made['id']}", {"permissions": {"can_manage": False, "can_receive": None}})
        assert changed["permissions"] == {"can_publish": True, "can_receive": True, "can_manage": False}

    def test_an_end_in_the_past_is_refused_and_one_in_the_future_kept(self, api):
        namespace = make_namespace(api, "sqs_sns")
        body = {"namespace_id": namespace["id"], "permissions": ALL}
        assert api.alpha("POST", "credentials", {**body, "expires_at": "2001-01-01T00:00:00Z"}).status == 400
        assert api.alpha("POST", "credentials", {**body, "expires_at": "tomorrow"}).status == 400
        made = make_credential(api, namespace, expires_at="2101-02-03T04:05:06Z")
        assert made["expires_at"] == "2101-02-03T04:05:06.000000Z"
        forever = api.alpha("PATCH", f"credentials/{made['id']}", {"expires_at": ""}).json
        assert "expires_at" not in forever


class TestServices:
    @pytest.mark.parametrize("service", ["sqs", "sns"])
    def test_a_service_is_switched_on_and_off(self, api, service):
        query = f"{service}-info?project_id={api.project}"
        off = api.ok("GET", query)
        assert off["status"] == "disabled" and off["created_at"] is None and off["updated_at"] is None
        assert off[f"{service}_endpoint_url"].startswith("http")
        on = api.ok("POST", f"activate-{service}", {"project_id": api.project})
        assert on["status"] == "enabled" and NANOSECONDS.match(on["created_at"])
        assert MICROSECONDS.match(api.ok("GET", query)["created_at"])
        again = api("POST", f"activate-{service}", {"project_id": api.project})
        assert again.status == 409
        assert again.json == {"help_message": f"{service.upper()} is already enabled on this project",
                              "message": "resource already exists", "resource": f"Mnq{service.upper()}Namespace",
                              "resource_id": api.project, "type": "already_exists"}
        assert api.ok("POST", f"deactivate-{service}", {"project_id": api.project}) == off
        gone = api("POST", f"deactivate-{service}", {"project_id": api.project})
        assert gone.status == 404 and gone.json["resource"] == f"Mnq{service.upper()}Namespace"

    def test_credentials_of_a_service(self, broker, api, name):
        api.ok("POST", "activate-sqs", {"project_id": api.project})
        made = api.ok("POST", "sqs-credentials", {"project_id": api.project, "name": "w", "permissions": ALL})
        assert made["secret_checksum"] == hashlib.sha1(made["secret_key"].encode()).hexdigest()
        sqs = sqs_for(broker, made)
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        assert url.endswith(f"/project-{api.project}/{name}")
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        assert arn == f"arn:scw:sqs:fr-par:project-{api.project}:{name}"
        read = api.ok("GET", f"sqs-credentials/{made['id']}")
        assert read["secret_key"] == "" and read["secret_checksum"] == made["secret_checksum"]
        changed = api.ok("PATCH", f"sqs-credentials/{made['id']}", {"permissions": {"can_manage": False}})
        assert changed["permissions"] == {"can_manage": False, "can_publish": True, "can_receive": True}
        assert code_of(sqs.delete_queue, QueueUrl=url) == "AccessDenied", "in force at once"
        assert api("GET", f"sns-credentials/{made['id']}").status == 404
        busy = api("POST", "deactivate-sqs", {"project_id": api.project})
        assert busy.status == 412 and busy.json["precondition"] == "resource_still_in_use"
        api.ok("POST", "deactivate-sqs", {"project_id": api.project, "force_delete": True})
        assert code_of(sqs.list_queues) == "InvalidClientTokenId"
        missing = api("GET", f"sqs-credentials/{made['id']}")
        assert missing.status == 404 and missing.json["resource"] == "credentials"

    def test_regions_of_a_project_are_apart(self, broker, api, name):
        urls = []
        for region in ("fr-par", "nl-ams"):
            here = Control(broker, region=region)
            here.project = api.project
            here.ok("POST", "activate-sqs", {"project_id": api.project})
            keys = here.ok("POST", "sqs-credentials", {"project_id": api.project, "permissions": ALL})
            sqs = sqs_for(broker, keys, region)
            assert "QueueUrls" not in sqs.list_queues()
            urls.append(sqs.create_queue(QueueName=name)["QueueUrl"])
            assert [one["id"] for one in here.ok("GET", f"sqs-credentials?project_id={api.project}")["sqs_credentials"]] == [keys["id"]]
        assert Control(broker)("POST", "deactivate-sqs", {"project_id": api.project}).status == 412

    def test_one_of_many_activations_at_once_wins(self, api):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: api("POST", "activate-sqs", {"project_id": api.project}).status, range(8)))
        assert sorted(statuses) == [200] + [409] * 7


class TestNats:
    def test_an_account_and_its_credentials(self, api):
        account = api.ok("POST", "nats-accounts", {"project_id": api.project})
        assert re.fullmatch(r"mnq-[a-z]+-[a-z]+", account["name"]), "named when the client did not"
        assert account["endpoint"].startswith("nats://") and "protocol" not in account
        made = api.ok("POST", "nats-credentials", {"nats_account_id": account["id"], "name": "w"})
        assert made["credentials"]["name"] == "user.creds"
        assert made["checksum"] == hashlib.sha1(made["credentials"]["content"].encode()).hexdigest()
        read = api.ok("GET", f"nats-credentials/{made['id']}")
        assert read["credentials"] is None and read["checksum"] == made["checksum"]
        assert api.ok("GET", f"nats-credentials?nats_account_id={account['id']}")["total_count"] == 1
        assert api("PATCH", f"nats-credentials/{made['id']}", {"name": "x"}).status == 405
        assert api("DELETE", f"nats-credentials/{made['id']}").status == 204
        assert api("GET", f"nats-credentials/{made['id']}").json["resource"] == "credentials"
        assert api.alpha("GET", f"namespaces/{account['id']}").json["protocol"] == "nats", "one store behind both versions"
        assert api("DELETE", f"nats-accounts/{account['id']}").status == 204


def resolve(document, schema):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def check_schema(document, schema, value, path):
    schema = resolve(document, schema)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    assert any(type(value) is kinds[one] for one in types), f"{path}: {value!r} is none of {types}"
    if isinstance(value, dict):
        assert set(value) <= set(schema["properties"]), f"{path} has members that the document does not"
        assert set(schema.get("required", [])) <= set(value), f"{path} lacks members"
        for key, member in value.items():
            check_schema(document, schema["properties"][key], member, f"{path}.{key}")
    if isinstance(value, list):
        for one in value:
            check_schema(document, schema["items"], one, f"{path}[]")
    if "enum" in schema:
        assert value in schema["enum"], path


def test_every_documented_operation_answers_what_the_document_says(broker, api):
    document = Control(broker, token="")("GET", "/mnq/openapi.json").json
    samples = {"Project": {"project_id": api.project}, "Deactivation": {"project_id": api.project, "force_delete": True},
               "NewNatsAccount": {"project_id": api.project}, "NameUpdate": {"name": "n"},
               "NewServiceCredentials": {"project_id": api.project, "permissions": ALL},
               "CredentialUpdate": {"name": "n", "expires_at": "2101-01-01T00:00:00Z"},
               "NewNamespace": {"project_id": api.project, "protocol": "sqs_sns"}, "LimitsUpdate": {"max_connections": 7}}
    ids = {}
    order = {"post": 0, "get": 1, "patch": 2, "delete": 3}
    operations = [(method, path, operation) for path, item in document["paths"].items() for method, operation in item.items()]
    # First what makes and reads, then credentials go, then what they belong to.
    ends = lambda method, path: 2 if "/deactivate-" in path else 0 if method != "delete" else 1 if "credential" in path else 2
    operations.sort(key=lambda one: (ends(*one[:2]), "credential" in one[1], one[1].endswith("}"), order[one[0]]))
    assert len(operations) == 39
    for method, path, operation in operations:
        url = path.replace("{region}", "fr-par")
        for name in re.findall(r"{(\w+)}", url):
            url = url.replace("{" + name + "}", ids[name])
        required = [one["name"] for one in operation["parameters"] if one["in"] == "query" and one.get("required")]
        assert required in ([], ["project_id"])
        url += f"?project_id={api.project}" if required else ""
        body = None
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
            body = samples.get(schema)
            if body is None:
                body = {"NamespaceUpdate": lambda: {"namespace_id": ids["namespace_id"], "name": "n"},
                        "NewCredential": lambda: {"namespace_id": ids["namespace_id"], "permissions": ALL},
                        "NewNatsCredentials": lambda: {"nats_account_id": ids["nats_account_id"]}}[schema]()
            check_schema(document, {"$ref": f"#/components/schemas/{schema}"}, body, schema)
        answer = api(method.upper(), url, body)
        documented = next(one for one in operation["responses"] if one != "default")
        assert str(answer.status) == documented, (method, url, answer.text)
        if documented == "200":
            check_schema(document, operation["responses"]["200"]["content"]["application/json"]["schema"], answer.json, path)
            for made, key in (("CreateNamespace", "namespace_id"), ("CreateCredential", "credential_id"),
                              ("CreateNatsAccount", "nats_account_id"), ("CreateNatsCredentials", "nats_credentials_id"),
                              ("CreateSqsCredentials", "sqs_credentials_id"), ("CreateSnsCredentials", "sns_credentials_id")):
                if operation["operationId"] == made:
                    ids[key] = answer.json["id"]
                    ids.setdefault("account_id", answer.json["id"])

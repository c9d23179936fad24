"""What the control API does to clients that are at work: revocation, limits, deletion, polls that wait."""
import concurrent.futures
import signal
import uuid

import boto3
import botocore.exceptions
import pytest

from broker import wait_until
from conftest import CONFIG
from control import Control
from test_control_api import api, ALL, code_of, make_credential, make_namespace, parked_polls, sqs_for  # noqa: F401


class TestDataPlane:
    def test_the_queue_url_names_the_namespace_and_permissions_hold(self, broker, api, name):
        namespace = make_namespace(api, "sqs_sns")
        owner = sqs_for(broker, make_credential(api, namespace)["sqs_sns_credentials"])
        url = owner.create_queue(QueueName=name)["QueueUrl"]
        assert f"/{namespace['id']}/{name}" in url
        reader = sqs_for(broker, make_credential(
            api, namespace, {"can_publish": False, "can_receive": True, "can_manage": False})["sqs_sns_credentials"])
        assert code_of(reader.send_message, QueueUrl=url, MessageBody="x") == "AccessDenied"
        owner.send_message(QueueUrl=url, MessageBody="x")
        assert reader.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"

    def test_a_revoked_credential_is_refused_on_every_connection_at_once(self, broker, api):
        namespace = make_namespace(api, "sqs_sns")
        credential = make_credential(api, namespace)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = [sqs_for(broker, credential["sqs_sns_credentials"]) for _ in range(8)]
            assert len(list(pool.map(lambda one: one.list_queues(), clients))) == 8
            assert api.alpha("DELETE", f"credentials/{credential['id']}").status == 204
            assert set(pool.map(lambda one: code_of(one.list_queues), clients)) == {"InvalidClientTokenId"}

    @pytest.mark.parametrize("how", ["revoked", "narrowed"])
    def test_a_poll_that_waits_ends_with_the_permission_of_its_credential(self, broker, api, name, how):
        namespace = make_namespace(api, "sqs_sns")
        owner = sqs_for(broker, make_credential(api, namespace)["sqs_sns_credentials"])
        url = owner.create_queue(QueueName=name)["QueueUrl"]
        credential = make_credential(api, namespace)
        reader = sqs_for(broker, credential["sqs_sns_credentials"])
        parked = parked_polls(broker)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            poll = pool.submit(code_of, reader.receive_message, QueueUrl=url, WaitTimeSeconds=20)
            wait_until(lambda: parked_polls(broker) > parked, what="a poll that waits")
            if how == "revoked":
                assert api.alpha("DELETE", f"credentials/{credential['id']}").status == 204
            else:
                assert api.alpha("PATCH", f"credentials/{credential['id']}", {"permissions": {
                    "can_publish": True, "can_receive": False, "can_manage": True}}).status == 200
            assert poll.result(5) == "AccessDenied"
        owner.send_message(QueueUrl=url, MessageBody="for the owner")
        got = owner.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"][0]
        assert got["Attributes"]["ApproximateReceiveCount"] == "1", "the revoked one did not have it before"

    def test_a_deleted_namespace_takes_queues_and_messages_along_also_after_kill(self, own_broker):
        broker = own_broker(sets=["lanes=2"])
        api = Control(broker)
        namespace, kept = make_namespace(api, "sqs_sns"), make_namespace(api, "sqs_sns", "kept")
        keys, kept_keys = (make_credential(api, one)["sqs_sns_credentials"] for one in (namespace, kept))
        for one in (keys, kept_keys):
            sqs = sqs_for(broker, one)
            for i in range(5):
                sqs.send_message(QueueUrl=sqs.create_queue(QueueName=f"q{i}")["QueueUrl"], MessageBody="x" * 1000)
        usage = api.ok("GET", f"/mnq/switchyard/v1/accounts/{namespace['id']}/usage")
        assert usage["streams"] == 5 and usage["stored_bytes"] > 5000 and usage["credentials"] == 1
        assert api.alpha("DELETE", f"namespaces/{namespace['id']}").status == 204
        broker.restart(signal.SIGKILL)
        api = Control(broker)
        assert api.alpha("GET", f"namespaces/{namespace['id']}").status == 404
        assert code_of(sqs_for(broker, keys).list_queues) == "InvalidClientTokenId"
        assert len(sqs_for(broker, kept_keys).list_queues()["QueueUrls"]) == 5
        assert api.ok("GET", f"/mnq/switchyard/v1/accounts/{kept['id']}/usage")["streams"] == 5

    def test_limits_of_a_namespace_are_in_force_at_once_and_can_be_given_back(self, broker, api, name):
        namespace = make_namespace(api, "sqs_sns")
        sqs = sqs_for(broker, make_credential(api, namespace)["sqs_sns_credentials"])
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        path = f"/mnq/switchyard/v1/accounts/{namespace['id']}/limits"
        assert api.ok("GET", path)["max_stored_bytes"] == {"own": False, "value": 100_000_000}
        assert api.ok("PATCH", path, {"max_stored_bytes": 2000})["max_stored_bytes"] == {"own": True, "value": 2000}
        sqs.send_message(QueueUrl=url, MessageBody="x" * 1500)
        with pytest.raises(botocore.exceptions.ClientError):
            sqs.send_message(QueueUrl=url, MessageBody="x" * 1500)
        assert api.ok("PATCH", path, {"max_stored_bytes": ""})["max_stored_bytes"]["own"] is False
        sqs.send_message(QueueUrl=url, MessageBody="x" * 1500)
        assert api("PATCH", path, {"max_message_bytes": 0}).status == 400

    def test_a_limit_of_messages_above_what_the_server_carries_is_refused(self, broker, api, name):
        namespace = make_namespace(api, "sqs_sns")
        path = f"/mnq/switchyard/v1/accounts/{namespace['id']}/limits"
        before = api.ok("GET", path)
        for size in (1_048_577, 2**32, 2**63 - 1):
            answer = api("PATCH", path, {"max_message_bytes": size})
            assert answer.status == 400, size
            assert answer.json["details"] == [{"argument_name": "max_message_bytes", "reason": "constraint",
                                               "help_message": "value must be from 1 to 1048576"}]
        assert api.ok("GET", path) == before
        assert api.ok("PATCH", path, {"max_message_bytes": 1_048_576})["max_message_bytes"] == {"own": True, "value": 1_048_576}
        sqs = sqs_for(broker, make_credential(api, namespace)["sqs_sns_credentials"])
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="x" * 1_048_576)
        document = api.ok("GET", "/mnq/openapi.json")
        member = document["components"]["schemas"]["LimitsUpdate"]["properties"]["max_message_bytes"]
        assert (member["minimum"], member["maximum"]) == (1, 1_048_576)

    @pytest.mark.parametrize("lanes", [1, 4])
    @pytest.mark.parametrize("most", [1, 3])
    def test_creations_that_come_together_stay_within_the_quota_and_reach_it(self, own_broker, lanes, most):
        broker = own_broker(sets=[f"lanes={lanes}", f"plugins.control.namespaces_per_project={most}"])
        projects = [str(uuid.uuid4()) for _ in range(2)]

        def create(i):
            api = Control(broker)
            api.project = projects[i % 2]
            if i % 4 < 2:
                return api("POST", "nats-accounts", {"project_id": api.project})
            return api.alpha("POST", "namespaces", {"protocol": "nats", "project_id": api.project})

        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(create, range(64)))
        for project in range(2):
            of_one = answers[project::2]
            assert sorted(one.status for one in of_one) == [200] * most + [403] * (32 - most)
            refused = [one.json for one in of_one if one.status == 403]
            assert all(one["details"] == [{"resource": "namespaces", "quota": most, "current": most}] for one in refused)
        api = Control(broker)
        assert api.ok("GET", "nats-accounts?page_size=100")["total_count"] == 2 * most
        api.project = projects[0]
        [first, *_] = api.ok("GET", f"nats-accounts?project_id={api.project}")["nats_accounts"]
        assert api("DELETE", f"nats-accounts/{first['id']}").status == 204
        assert create(0).status == 200, "a place that was given up can be taken"
        assert broker.stop() == 0

    def test_limits_that_the_configuration_gives_are_changed_there_alone(self, broker, api):
        [dev] = [one for one in api.ok("GET", "/mnq/switchyard/v1/accounts?page_size=100")["accounts"] if one["declared"]]
        answer = api("PATCH", f"/mnq/switchyard/v1/accounts/{dev['id']}/limits", {"max_connections": 7})
        assert (answer.status, answer.json["type"], answer.json["resource"]) == (423, "locked", "account")

    def test_the_actions_of_sns_are_refused_in_its_own_words_while_nobody_serves_it(self, broker, api):
        api.ok("POST", "activate-sns", {"project_id": api.project})
        keys = api.ok("POST", "sns-credentials", {"project_id": api.project, "permissions": ALL})
        sns = boto3.session.Session().client(
            "sns", endpoint_url=broker.url, region_name="fr-par", aws_access_key_id=keys["access_key"],
            aws_secret_access_key=keys["secret_key"], config=CONFIG)
        assert code_of(sns.list_topics) == "InvalidAction"
        assert code_of(sns.create_topic, Name="t") == "InvalidAction"
        assert code_of(sqs_for(broker, keys).list_queues) == "InvalidClientTokenId", "the other service does not know it"

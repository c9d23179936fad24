"""The peek endpoint, signed by botocore, against the real broker with one lane and four."""
import json
import urllib.error
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest


def peek(broker, url, **more):
    query = urllib.parse.urlencode({"QueueUrl": url, **more})
    request = botocore.awsrequest.AWSRequest("GET", f"{broker.url}/_aws/sqs/messages?{query}",
                                             headers={"Accept": "application/json"})
    environment = broker.environment
    credentials = botocore.credentials.Credentials(environment["AWS_ACCESS_KEY_ID"],
                                                   environment["AWS_SECRET_ACCESS_KEY"])
    botocore.auth.SigV4Auth(credentials, "sqs", environment["AWS_DEFAULT_REGION"]).add_auth(request)
    prepared = request.prepare()
    with urllib.request.urlopen(urllib.request.Request(prepared.url, headers=dict(prepared.headers))) as answer:
        return json.loads(answer.read())


def test_a_look_changes_nothing(broker, sqs, make_queue):
    url = make_queue()
    for i in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=f"m{i}", DelaySeconds=60 if i == 2 else 0)
    (out,) = sqs.receive_message(QueueUrl=url)["Messages"]
    for _ in range(2):
        seen = peek(broker, url)["Messages"]
        assert [m["Body"] for m in seen] == ["m0", "m1", "m2"]
        assert seen[0]["MessageId"] == out["MessageId"] and "ReceiptHandle" not in seen[0]
    (second,) = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])["Messages"]
    assert second["Body"] == "m1" and second["Attributes"]["ApproximateReceiveCount"] == "1"
    first = peek(broker, url, MaxNumberOfMessages=2)
    assert len(first["Messages"]) == 2
    assert [m["Body"] for m in peek(broker, url, NextToken=first["NextToken"])["Messages"]] == ["m2"]


def test_it_is_signed(broker, make_queue):
    query = urllib.parse.urlencode({"QueueUrl": make_queue()})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{broker.url}/_aws/sqs/messages?{query}")
    assert refused.value.code == 403

"""Tags, permissions and dead-letter sources, by boto3 against the real broker."""
import concurrent.futures
import json
import signal

import botocore.exceptions
import pytest
from conftest import client_for


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]


def arn_of(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_tags_come_go_and_survive_a_restart(own_broker, name):
    broker = own_broker()
    sqs = client_for(broker)
    url = sqs.create_queue(QueueName=name, tags={"team": "storage"})["QueueUrl"]
    sqs.tag_queue(QueueUrl=url, Tags={"cost": "42", "k\u00f6ln": "dom"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    broker.restart()
    sqs = client_for(broker)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"cost": "42", "k\u00f6ln": "dom"}


def test_changes_of_one_queue_at_once_all_succeed(broker, make_queue):
    url = make_queue()
    clients = [client_for(broker) for _ in range(8)]  # They try once.

    def tag(client, i):
        for j in range(3):
            client.tag_queue(QueueUrl=url, Tags={f"k{i}-{j}": str(j)})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(tag, client, i) for i, client in enumerate(clients)]:
            done.result()
    assert clients[0].list_queue_tags(QueueUrl=url)["Tags"] == {
        f"k{i}-{j}": str(j) for i in range(8) for j in range(3)}


def test_permissions_write_the_policy(sqs, make_queue):
    url = make_queue()
    sqs.add_permission(QueueUrl=url, Label="reader", AWSAccountIds=["111122223333"], Actions=["ReceiveMessage"])
    error = refusal(sqs.add_permission, QueueUrl=url, Label="reader", AWSAccountIds=["111122223333"], Actions=["*"])
    assert error["Code"] == "InvalidParameterValue"
    assert error["Message"] == "Value reader for parameter Label is invalid. Reason: Already exists."
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    statement, = json.loads(shown)["Statement"]
    assert statement == {"Sid": "reader", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                         "Action": "SQS:ReceiveMessage", "Resource": arn_of(sqs, url)}
    sqs.remove_permission(QueueUrl=url, Label="reader")
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    assert "can't find label" in refusal(sqs.remove_permission, QueueUrl=url, Label="reader")["Message"]


def test_dead_letter_sources_are_listed_in_pages(sqs, make_queue):
    dead = make_queue()
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 2})
    urls = sorted(make_queue(RedrivePolicy=policy) for _ in range(5))
    pages = [page["queueUrls"] for page in sqs.get_paginator("list_dead_letter_source_queues").paginate(
        QueueUrl=dead, PaginationConfig={"PageSize": 2})]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [url for page in pages for url in page] == urls


def test_a_dead_letter_queue_chooses_its_sources(sqs, make_queue, name):
    dead = make_queue()
    arn = arn_of(sqs, dead)
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    allowed = arn.rsplit(":", 1)[0] + ":" + name
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(
        {"redrivePermission": "byQueue", "sourceQueueArns": [allowed]})})
    assert refusal(sqs.create_queue, QueueName="not-" + name,
                   Attributes={"RedrivePolicy": policy})["Code"] == "InvalidParameterValue"
    sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'})
    other = make_queue()
    assert refusal(sqs.set_queue_attributes, QueueUrl=other,
                   Attributes={"RedrivePolicy": policy})["Code"] == "InvalidParameterValue"


@pytest.mark.parametrize("how", ["at_once", "over_a_restart"])
def test_a_dead_letter_queue_made_again_gets_the_dead_letters(own_broker, name, how):
    broker = own_broker()
    sqs = client_for(broker)
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})["QueueUrl"]
    sqs.delete_queue(QueueUrl=dead)
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(3):
        got, = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        assert got["Body"] == "poison", "without a dead-letter queue it comes again and again"
    if how == "over_a_restart":
        broker.restart()
        sqs = client_for(broker)
    dead = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    if how == "over_a_restart":
        broker.restart(signal.SIGKILL)
        sqs = client_for(broker)
        url, dead = (sqs.get_queue_url(QueueName=one)["QueueUrl"] for one in (name, name + "-dead"))
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    got, = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=5)["Messages"]
    assert got["Body"] == "poison"
    sqs.change_message_visibility(QueueUrl=dead, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    sqs.start_message_move_task(SourceArn=arn_of(sqs, dead))
    got, = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    assert got["Body"] == "poison"

// Both planes in one program: a credential of the control API, and with it queues as infrastructure tools keep them.
//
// The calls and their order are those of a declared queue: create it with every attribute, read back the attributes that
// a queue of either kind may have, change one, delete it and ask until it is gone.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	mnq "github.com/scaleway/scaleway-sdk-go/api/mnq/v1beta1"
	"github.com/scaleway/scaleway-sdk-go/scw"
)

type declared struct {
	client *sqs.Client
	name   string
}

func (queue declared) url() (string, error) {
	output, err := queue.client.GetQueueUrl(context.Background(), &sqs.GetQueueUrlInput{QueueName: &queue.name})
	if err != nil {
		return "", err
	}
	return *output.QueueUrl, nil
}

func (queue declared) attributes() map[string]string {
	url := must(queue.url())
	return must(queue.client.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: &url,
		AttributeNames: []types.QueueAttributeName{"MaximumMessageSize", "MessageRetentionPeriod", "FifoQueue",
			"ContentBasedDeduplication", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout", "RedrivePolicy", "QueueArn"}})).Attributes
}

func (queue declared) create(attributes map[string]string) {
	attributes["MaximumMessageSize"], attributes["MessageRetentionPeriod"] = "262144", "345600"
	attributes["VisibilityTimeout"] = "30"
	must(queue.client.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &queue.name, Attributes: attributes}))
}

func (queue declared) set(attributes map[string]string) {
	url := must(queue.url())
	must(queue.client.SetQueueAttributes(context.Background(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: attributes}))
}

// remove deletes the queue and names the code of the error that GetQueueUrl answers with at once.
func (queue declared) remove() string {
	url := must(queue.url())
	must(queue.client.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: &url}))
	return code(queue.url())
}

// send names the code of the error for a message that the credential may not send.
func (queue declared) send() string {
	url, text := must(queue.url()), "x"
	return code(queue.client.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text}))
}

func code[T any](_ T, err error) string {
	var known smithy.APIError
	if !errors.As(err, &known) {
		return fmt.Sprint(err)
	}
	return known.ErrorCode()
}

func policy(arn string, receives int) map[string]string {
	text := must(json.Marshal(object{"deadLetterTargetArn": arn, "maxReceiveCount": receives}))
	return map[string]string{"RedrivePolicy": string(text)}
}

func queues(client *scw.Client) object {
	api := mnq.NewSqsAPI(client)
	info := must(api.ActivateSqs(&mnq.SqsAPIActivateSqsRequest{}))
	yes, no := scw.BoolPtr(true), scw.BoolPtr(false)
	keys := must(api.CreateSqsCredentials(&mnq.SqsAPICreateSqsCredentialsRequest{Name: "manager",
		Permissions: &mnq.SqsPermissions{CanPublish: no, CanReceive: no, CanManage: yes}}))
	region, _ := client.GetDefaultRegion()
	manager := sqs.New(sqs.Options{Region: string(region), BaseEndpoint: aws.String(info.SqsEndpointURL),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKey, keys.SecretKey, "")})
	dead, plain, fifo := declared{manager, "dead"}, declared{manager, "plain"}, declared{manager, "ordered.fifo"}
	dead.create(map[string]string{})
	arn := dead.attributes()["QueueArn"]
	plain.create(policy(arn, 3))
	fifo.create(map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
	before := plain.attributes()
	changed := policy(arn, 5)
	changed["MessageRetentionPeriod"] = "720"
	plain.set(changed)
	after := plain.attributes()
	_, named := before["FifoQueue"]
	ordered := fifo.attributes()
	seen := object{"arn": arn == fmt.Sprintf("arn:scw:sqs:%s:project-%s:dead", region, keys.ProjectID), "fifo_named": named,
		"url":    must(plain.url()) == fmt.Sprintf("%s/project-%s/plain", info.SqsEndpointURL, keys.ProjectID),
		"before": before["RedrivePolicy"] == policy(arn, 3)["RedrivePolicy"], "size": before["MaximumMessageSize"],
		"after": after["RedrivePolicy"] == changed["RedrivePolicy"], "retention": after["MessageRetentionPeriod"],
		"ordered":   []string{ordered["FifoQueue"], ordered["ContentBasedDeduplication"]},
		"unsent":    plain.send(),
		"destroyed": []string{plain.remove(), fifo.remove(), dead.remove()}}
	done(api.DeleteSqsCredentials(&mnq.SqsAPIDeleteSqsCredentialsRequest{SqsCredentialsID: keys.ID}))
	must(api.DeactivateSqs(&mnq.SqsAPIDeactivateSqsRequest{}))
	return seen
}

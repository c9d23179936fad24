// One pass over the SQS API with the AWS SDK for Go v2: prints what it saw as JSON.
//
// The contract that it is compared with stands in clients/contract.py.  Endpoint, region and keys come from the
// environment, as in a user's program.  The SDK itself checks the MD5 of every body that it sends and receives.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const body = "caf\u00e9 \u2603 \U0001f680 \"quoted\" <tag> & CR\rLF\nTAB\tend"

type object = map[string]any

var (
	ctx      = context.Background()
	settings aws.Config
	client   *sqs.Client
	name     string
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// typeOf names the modelled class of an error, or its code when the SDK has no class for it.
func typeOf[T any](_ T, err error) string {
	for at := err; at != nil; at = errors.Unwrap(at) {
		if kind := reflect.TypeOf(at).String(); strings.HasPrefix(kind, "*types.") {
			return strings.TrimPrefix(kind, "*types.")
		}
	}
	var plain smithy.APIError
	if errors.As(err, &plain) {
		return "unmodelled " + plain.ErrorCode()
	}
	return fmt.Sprint(err)
}

func receive(url string, change ...func(*sqs.ReceiveMessageInput)) []types.Message {
	input := &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"}}
	for _, one := range change {
		one(input)
	}
	return must(client.ReceiveMessage(ctx, input)).Messages
}

func waiting(seconds int32) func(*sqs.ReceiveMessageInput) {
	return func(input *sqs.ReceiveMessageInput) { input.WaitTimeSeconds = seconds }
}

// receiveAll collects `count` messages; each call may give fewer than asked for.
func receiveAll(url string, count int) []types.Message {
	var all []types.Message
	for end := time.Now().Add(10 * time.Second); len(all) < count && time.Now().Before(end); {
		all = append(all, receive(url, waiting(1))...)
	}
	return all
}

func bodies(messages []types.Message) []string {
	texts := []string{}
	for _, message := range messages {
		texts = append(texts, *message.Body)
	}
	sort.Strings(texts)
	return texts
}

func send(url, text string) *sqs.SendMessageOutput {
	return must(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text}))
}

func remove(url string, message types.Message) {
	must(client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: message.ReceiptHandle}))
}

func create(queue string, attributes map[string]string) string {
	return *must(client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &queue, Attributes: attributes})).QueueUrl
}

func drop(url string) {
	must(client.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &url}))
}

func attribute(url string, wanted types.QueueAttributeName) string {
	output := must(client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url,
		AttributeNames: []types.QueueAttributeName{wanted}}))
	return output.Attributes[string(wanted)]
}

func lifeCycle() (string, object) {
	made := must(client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name,
		Attributes: map[string]string{"VisibilityTimeout": "20"}, Tags: map[string]string{"stage": "test", "team": "red"}}))
	url := *made.QueueUrl
	found := must(client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name}))
	listed := must(client.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: &name})).QueueUrls
	must(client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url,
		Attributes: map[string]string{"VisibilityTimeout": "25"}}))
	must(client.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &url, Tags: map[string]string{"team": "blue"}}))
	tagged := must(client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &url})).Tags
	must(client.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &url, TagKeys: []string{"stage"}}))
	return url, object{"url": found.QueueUrl != nil && *found.QueueUrl == url, "again": create(name, nil) == url,
		"listed":     len(listed) == 1 && listed[0] == url,
		"arn":        strings.HasSuffix(attribute(url, types.QueueAttributeNameQueueArn), ":"+name),
		"visibility": attribute(url, types.QueueAttributeNameVisibilityTimeout), "tags": tagged,
		"untagged": must(client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &url})).Tags}
}

func pages() object {
	prefix := name + "-page"
	var urls, listed []string
	for i := 0; i < 5; i++ {
		urls = append(urls, create(fmt.Sprintf("%s-%d", prefix, i), nil))
	}
	sizes := []int{}
	for pager := sqs.NewListQueuesPaginator(client, &sqs.ListQueuesInput{QueueNamePrefix: &prefix,
		MaxResults: aws.Int32(2)}); pager.HasMorePages(); {
		page := must(pager.NextPage(ctx)).QueueUrls
		sizes, listed = append(sizes, len(page)), append(listed, page...)
	}
	sort.Strings(listed)
	for _, url := range urls {
		drop(url)
	}
	return object{"sizes": sizes, "all": reflect.DeepEqual(urls, listed)}
}

func oneMessage(url string) object {
	text := body
	sent := must(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text,
		MessageAttributes: map[string]types.MessageAttributeValue{
			"text":   {DataType: aws.String("String"), StringValue: aws.String("v\u00e4lue")},
			"number": {DataType: aws.String("Number"), StringValue: aws.String("-12.50")},
			"blob":   {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 255}},
			"custom": {DataType: aws.String("String.uuid"), StringValue: aws.String("x")}},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5759e988-bd862e3fe1be46a994272793")}}}))
	got := receive(url)[0]
	values := got.MessageAttributes
	seen := object{"same_id": *got.MessageId == *sent.MessageId, "body": *got.Body == text,
		"md5":    *got.MD5OfMessageAttributes == *sent.MD5OfMessageAttributes && sent.MD5OfMessageSystemAttributes != nil,
		"text":   []string{*values["text"].DataType, *values["text"].StringValue},
		"number": []string{*values["number"].DataType, *values["number"].StringValue},
		"custom": []string{*values["custom"].DataType, *values["custom"].StringValue},
		"blob":   fmt.Sprintf("%x", values["blob"].BinaryValue), "trace": got.Attributes["AWSTraceHeader"],
		"count": got.Attributes["ApproximateReceiveCount"], "hidden": len(receive(url))}
	must(client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &url,
		ReceiptHandle: got.ReceiptHandle, VisibilityTimeout: 0}))
	again := receive(url, func(input *sqs.ReceiveMessageInput) { input.MessageAttributeNames = []string{"te.*"} })[0]
	named := []string{}
	for key := range again.MessageAttributes {
		named = append(named, key)
	}
	seen["named"], seen["count_again"] = named, again.Attributes["ApproximateReceiveCount"]
	remove(url, again)
	remove(url, again)
	seen["gone"] = len(receive(url))
	return seen
}

func batches(url string) object {
	input := &sqs.SendMessageBatchInput{QueueUrl: &url}
	for i := 0; i < 10; i++ {
		input.Entries = append(input.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint("id-", i)),
			MessageBody: aws.String(fmt.Sprint("body ", i)), MessageAttributes: map[string]types.MessageAttributeValue{
				"n": {DataType: aws.String("Number"), StringValue: aws.String(fmt.Sprint(i))}}})
	}
	sent := must(client.SendMessageBatch(ctx, input))
	got := receiveAll(url, 10)
	later := must(client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url,
		Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("good"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 40},
			{Id: aws.String("bad"), ReceiptHandle: aws.String("not-a-handle"), VisibilityTimeout: 40}}}))
	entries := []types.DeleteMessageBatchRequestEntry{}
	for i, message := range got {
		entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)),
			ReceiptHandle: message.ReceiptHandle})
	}
	gone := must(client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries}))
	return object{"sent": len(sent.Successful), "bodies": bodies(got), "good": *later.Successful[0].Id,
		"bad":     []any{*later.Failed[0].Id, *later.Failed[0].Code, later.Failed[0].SenderFault},
		"deleted": len(gone.Successful)}
}

func clock(url string) object {
	started := time.Now()
	go func() {
		time.Sleep(300 * time.Millisecond)
		send(url, "woken")
	}()
	got := receive(url, waiting(10))
	seen := object{"long_poll": bodies(got), "at_once": time.Since(started) < 2*time.Second}
	remove(url, got[0])
	started = time.Now()
	text := "later"
	must(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text, DelaySeconds: 1}))
	seen["early"] = len(receive(url))
	got = receive(url, waiting(5))
	seen["delayed"] = bodies(got)
	seen["kept"] = time.Since(started) > 900*time.Millisecond && time.Since(started) < 3*time.Second
	remove(url, got[0])
	return seen
}

func fifo() object {
	url := create(name+".fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"})
	put := func(group, text, dedup string) *sqs.SendMessageOutput {
		input := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text, MessageGroupId: &group}
		if dedup != "" {
			input.MessageDeduplicationId = &dedup
		}
		return must(client.SendMessage(ctx, input))
	}
	first, second := put("g", "a", "1"), put("g", "b", "2")
	repeated := put("g", "another body", "1")
	other := put("h", "x", "")
	content := put("h", "x", "")
	one := func(input *sqs.ReceiveMessageInput) { input.MaxNumberOfMessages = 1 }
	a, x := receive(url, one), receive(url, one)
	blocked := receive(url)
	remove(url, a[0])
	b := receive(url, waiting(2))
	seen := object{"repeated": *repeated.MessageId == *first.MessageId, "content": *content.MessageId == *other.MessageId,
		"rising":   len(*first.SequenceNumber) == len(*second.SequenceNumber) && *first.SequenceNumber < *second.SequenceNumber,
		"order":    [][]string{bodies(a), bodies(x), bodies(blocked), bodies(b)},
		"group":    []string{a[0].Attributes["MessageGroupId"], a[0].Attributes["MessageDeduplicationId"]},
		"no_group": typeOf(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")}))}
	drop(url)
	return seen
}

func deadLetters() object {
	dead := create(name+"-dead", nil)
	arn := attribute(dead, types.QueueAttributeNameQueueArn)
	source := create(name+"-source", map[string]string{"VisibilityTimeout": "0",
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":2}`, arn)})
	sent := send(source, "poison")
	receives := []int{len(receive(source)), len(receive(source)), len(receive(source))}
	got := receiveAll(dead, 1)[0]
	must(client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &dead, ReceiptHandle: got.ReceiptHandle}))
	var sources []string
	for pager := sqs.NewListDeadLetterSourceQueuesPaginator(client,
		&sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dead}); pager.HasMorePages(); {
		sources = append(sources, must(pager.NextPage(ctx)).QueueUrls...)
	}
	must(client.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &arn}))
	back := receiveAll(source, 1)
	var task types.ListMessageMoveTasksResultEntry
	for end := time.Now().Add(10 * time.Second); aws.ToString(task.Status) != "COMPLETED" && time.Now().Before(end); {
		task = must(client.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &arn})).Results[0]
	}
	seen := object{"receives": receives, "same_id": *got.MessageId == *sent.MessageId, "back": bodies(back),
		"from":    strings.HasSuffix(got.Attributes["DeadLetterQueueSourceArn"], ":"+name+"-source"),
		"sources": len(sources) == 1 && sources[0] == source,
		"task":    []any{aws.ToString(task.Status), task.ApproximateNumberOfMessagesMoved}}
	drop(source)
	drop(dead)
	return seen
}

func entries(ids ...string) []types.SendMessageBatchRequestEntry {
	list := []types.SendMessageBatchRequestEntry{}
	for _, id := range ids {
		list = append(list, types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String("x")})
	}
	return list
}

func failures(url string) object {
	batch := func(list []types.SendMessageBatchRequestEntry) string {
		return typeOf(client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: list}))
	}
	_, missed := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name + "-never")})
	var plain smithy.APIError
	errors.As(missed, &plain)
	long := entries("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
	for i := range long {
		long[i].MessageBody = aws.String(strings.Repeat("x", 150000))
	}
	// A client of its own for each pair: the SDK keeps derived signing keys by access key alone.
	list := func(access, secret string) string {
		other := sqs.NewFromConfig(settings, func(options *sqs.Options) {
			options.Credentials = credentials.NewStaticCredentialsProvider(access, secret, "")
		})
		return typeOf(other.ListQueues(ctx, &sqs.ListQueuesInput{}))
	}
	missing := attribute(url, types.QueueAttributeNameQueueArn) + "-never"
	seen := object{
		"no_queue_code": plain.ErrorCode(),
		"no_queue":      typeOf(client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(name + "-never")})),
		"name_taken": typeOf(client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name,
			Attributes: map[string]string{"VisibilityTimeout": "26"}})),
		"bad_handle": typeOf(client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: aws.String("no")})),
		"empty":      batch(entries()), "twice": batch(entries("a", "a")), "bad_id": batch(entries("a b")),
		"too_many": batch(entries("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10")), "too_long": batch(long),
		"attribute_name": typeOf(client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url,
			Attributes: map[string]string{"Colour": "blue"}})),
		"attribute_value": typeOf(client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url,
			Attributes: map[string]string{"VisibilityTimeout": "43201"}})),
		"contents":     typeOf(client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("\u0001")})),
		"move":         typeOf(client.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &missing})),
		"wrong_key":    list("AKIAIOSFODNN7EXAMPLE", "x"),
		"wrong_secret": list(os.Getenv("AWS_ACCESS_KEY_ID"), "x")}
	must(client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &url}))
	seen["purge_again"] = typeOf(client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &url}))
	drop(url)
	text := "x"
	_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &text})
	seen["deleted"] = typeOf(0, err)
	var response *smithyhttp.ResponseError
	seen["deleted_status"] = errors.As(err, &response) && response.HTTPStatusCode() == http.StatusBadRequest
	return seen
}

func main() {
	name = os.Args[1]
	settings = must(config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1)))
	client = sqs.NewFromConfig(settings)
	url, first := lifeCycle()
	seen := object{"life": first, "pages": pages(), "message": oneMessage(url), "batch": batches(url), "time": clock(url),
		"fifo": fifo(), "dead": deadLetters(), "errors": failures(url)}
	must(0, json.NewEncoder(os.Stdout).Encode(seen))
}

// One pass over the SQS API with the AWS SDK for JavaScript v3: prints what it saw as JSON.
// The SDK checks the MD5 of every body it sends and receives.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [modules, endpoint, name] = process.argv.slice(2);
const sdk = await import(pathToFileURL(createRequire(modules + '/').resolve('@aws-sdk/client-sqs')).href);
const {
  SQSClient, CreateQueueCommand, GetQueueUrlCommand, ListQueuesCommand, GetQueueAttributesCommand,
  SetQueueAttributesCommand, SendMessageCommand, SendMessageBatchCommand, ReceiveMessageCommand, DeleteMessageCommand,
  DeleteMessageBatchCommand, ChangeMessageVisibilityCommand, PurgeQueueCommand, DeleteQueueCommand,
} = sdk.default ?? sdk;

const client = new SQSClient({endpoint, region: process.env.AWS_DEFAULT_REGION, maxAttempts: 1});
const seen = {};
const body = 'caf\u00e9 \u2603 \u{1f680} "quoted" <tag> & CR\rLF\nTAB\tend';
const attributes = {
  text: {DataType: 'String', StringValue: 'v\u00e4lue'},
  blob: {DataType: 'Binary', BinaryValue: new Uint8Array([0, 1, 255])},
};

async function errorOf(command) {
  try {
    await client.send(command);
    return null;
  } catch (error) {
    return [error.name, error.$metadata.httpStatusCode];
  }
}

const {QueueUrl} = await client.send(new CreateQueueCommand({QueueName: name, Attributes: {VisibilityTimeout: '20'}}));
seen.get_url_same = (await client.send(new GetQueueUrlCommand({QueueName: name}))).QueueUrl === QueueUrl;
seen.listed = (await client.send(new ListQueuesCommand({QueueNamePrefix: name}))).QueueUrls;
seen.listed = seen.listed.length === 1 && seen.listed[0] === QueueUrl;
await client.send(new SetQueueAttributesCommand({QueueUrl, Attributes: {VisibilityTimeout: '25'}}));
seen.attributes = (await client.send(new GetQueueAttributesCommand({QueueUrl, AttributeNames: ['VisibilityTimeout']}))).Attributes;

const sent = await client.send(new SendMessageCommand({QueueUrl, MessageBody: body, MessageAttributes: attributes}));
const receive = (options = {}) => client.send(new ReceiveMessageCommand({QueueUrl, ...options}));
let got = (await receive({MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All']})).Messages[0];
seen.same_id = got.MessageId === sent.MessageId;
seen.body = got.Body === body;
seen.md5_attributes = got.MD5OfMessageAttributes === sent.MD5OfMessageAttributes;
seen.text = got.MessageAttributes.text.StringValue;
seen.blob = Array.from(got.MessageAttributes.blob.BinaryValue);
seen.count = got.Attributes.ApproximateReceiveCount;
await client.send(new ChangeMessageVisibilityCommand({QueueUrl, ReceiptHandle: got.ReceiptHandle, VisibilityTimeout: 0}));
got = (await receive()).Messages[0];
await client.send(new DeleteMessageCommand({QueueUrl, ReceiptHandle: got.ReceiptHandle}));

const entries = Array.from({length: 10}, (_, i) => ({Id: `id-${i}`, MessageBody: `body ${i}`}));
seen.batch = (await client.send(new SendMessageBatchCommand({QueueUrl, Entries: entries}))).Successful.length;
const messages = [];
for (let tries = 0; messages.length < 10 && tries < 20; tries++) {
  messages.push(...((await receive({MaxNumberOfMessages: 10, WaitTimeSeconds: 1})).Messages ?? []));
}
seen.bodies = messages.map((message) => message.Body).sort();
seen.deleted = (await client.send(new DeleteMessageBatchCommand({
  QueueUrl, Entries: messages.map((message, i) => ({Id: `${i}`, ReceiptHandle: message.ReceiptHandle})),
}))).Successful.length;

const started = Date.now();
const [woken] = await Promise.all([
  receive({WaitTimeSeconds: 10}),
  new Promise((resolve) => setTimeout(resolve, 300)).then(
      () => client.send(new SendMessageCommand({QueueUrl, MessageBody: 'woken'}))),
]);
seen.long_poll = woken.Messages.map((message) => message.Body);
seen.woken_at_once = Date.now() - started < 2000;

await client.send(new PurgeQueueCommand({QueueUrl}));
seen.no_queue = await errorOf(new GetQueueUrlCommand({QueueName: name + '-never'}));
await client.send(new DeleteQueueCommand({QueueUrl}));
seen.deleted_queue = await errorOf(new SendMessageCommand({QueueUrl, MessageBody: 'x'}));
console.log(JSON.stringify(seen));

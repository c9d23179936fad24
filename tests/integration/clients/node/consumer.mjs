// A worker as people write one with sqs-consumer: prints what happened to its messages as JSON.
//
// "fails-once" is thrown back at its first delivery, "slow" takes longer than its visibility and lives from the
// library's heartbeat, "poison" always fails and must end in the dead-letter queue.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [modules, endpoint, name] = process.argv.slice(2);
const load = async (what) => {
  const loaded = await import(pathToFileURL(createRequire(modules + '/').resolve(what)).href);
  return loaded.default ?? loaded;
};
const sdk = await load('@aws-sdk/client-sqs');
const {Consumer} = await load('sqs-consumer');
const sqs = new sdk.SQSClient({endpoint, region: process.env.AWS_DEFAULT_REGION, maxAttempts: 1});
const call = (action, input) => sqs.send(new sdk[action + 'Command'](input));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const attribute = async (QueueUrl, wanted) =>
    (await call('GetQueueAttributes', {QueueUrl, AttributeNames: [wanted]})).Attributes[wanted];

const {QueueUrl: dead} = await call('CreateQueue', {QueueName: `${name}-dead`});
const RedrivePolicy = JSON.stringify({deadLetterTargetArn: await attribute(dead, 'QueueArn'), maxReceiveCount: 3});
const {QueueUrl: queueUrl} = await call('CreateQueue', {QueueName: name, Attributes: {VisibilityTimeout: '3', RedrivePolicy}});
const plain = Array.from({length: 20}, (_, i) => `job ${i}`);
const expected = [...plain, 'fails-once', 'slow', 'poison'];
for (let at = 0; at < expected.length; at += 10) {
  await call('SendMessageBatch', {QueueUrl: queueUrl, Entries: expected.slice(at, at + 10).map(
      (MessageBody, i) => ({Id: `${i}`, MessageBody, MessageAttributes: {n: {DataType: 'Number', StringValue: `${at + i}`}}}))});
}

const deliveries = {};
const errors = [];
let attributes = true;
let slowBusy = 0;
let overlap = false;
const consumer = Consumer.create({
  queueUrl, sqs, batchSize: 10, waitTimeSeconds: 5, visibilityTimeout: 3, heartbeatInterval: 1, terminateVisibilityTimeout: true,
  messageAttributeNames: ['All'], messageSystemAttributeNames: ['ApproximateReceiveCount'], pollingWaitTimeMs: 0,
  handleMessage: async (message) => {
    const body = message.Body;
    deliveries[body] = (deliveries[body] ?? 0) + 1;
    attributes &&= message.MessageAttributes.n.StringValue === `${expected.indexOf(body)}` &&
        message.Attributes.ApproximateReceiveCount === `${deliveries[body]}`;
    if (body === 'poison' || (body === 'fails-once' && deliveries[body] === 1)) throw new Error(`no: ${body}`);
    if (body === 'slow') {
      overlap ||= slowBusy++ > 0;
      // It ends between two heartbeats: one that meets the deletion is refused, here as at AWS.
      await pause(4500);
      slowBusy--;
    }
    return message;
  },
});
consumer.on('processing_error', (error) => errors.push(error.message));
for (const event of ['error', 'timeout_error']) consumer.on(event, (error) => errors.push(`${event} ${error.name}: ${error.message}`));
consumer.start();

const got = (await call('ReceiveMessage', {QueueUrl: dead, WaitTimeSeconds: 20})).Messages ?? [];
const left = async () => {
  const wanted = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
  const {Attributes} = await call('GetQueueAttributes', {QueueUrl: queueUrl, AttributeNames: wanted});
  return wanted.reduce((sum, one) => sum + Number(Attributes[one]), 0);
};
for (const end = Date.now() + 20000; await left() > 0 && Date.now() < end;) await pause(50);
const stopped = new Promise((resolve) => consumer.on('stopped', resolve));
consumer.stop();
await stopped;
console.log(JSON.stringify({
  once: plain.every((body) => deliveries[body] === 1), fails_once: deliveries['fails-once'], slow: deliveries.slow, overlap,
  poison: deliveries.poison, dead: got.map((message) => message.Body), attributes, left: await left(),
  errors: [...new Set(errors)].sort(),
}));
await call('DeleteQueue', {QueueUrl: queueUrl});
await call('DeleteQueue', {QueueUrl: dead});

// One pass over the SQS API with the AWS SDK for JavaScript v3: prints what it saw as JSON.
//
// The contract that it is compared with stands in contract.py.  Region and keys come from the environment.  The SDK
// itself checks the MD5 of every body that it receives.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [modules, endpoint, name] = process.argv.slice(2);
const loaded = await import(pathToFileURL(createRequire(modules + '/').resolve('@aws-sdk/client-sqs')).href);
const sdk = loaded.default ?? loaded;
const BODY = 'caf\u00e9 \u2603 \u{1f680} "quoted" <tag> & CR\rLF\nTAB\tend';

const make = (options = {}) =>
    new sdk.SQSClient({endpoint, region: process.env.AWS_DEFAULT_REGION, maxAttempts: 1, ...options});
const client = make();
const call = (action, input = {}, by = client) => by.send(new sdk[action + 'Command'](input));
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// The class of the error, or its code when the SDK has no class for it.
async function typeOf(action, input, by) {
  try {
    await call(action, input, by);
    return 'nothing';
  } catch (error) {
    const known = typeof sdk[error.name] === 'function' && error instanceof sdk[error.name];
    return known ? error.name : `unmodelled ${error.name}`;
  }
}

async function receive(QueueUrl, options = {}) {
  const all = {MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All']};
  return (await call('ReceiveMessage', {QueueUrl, ...all, ...options})).Messages ?? [];
}

// Collects `count` messages; each call may give fewer than asked for.
async function receiveAll(url, count) {
  const all = [];
  for (const end = Date.now() + 10000; all.length < count && Date.now() < end;) {
    all.push(...await receive(url, {WaitTimeSeconds: 1}));
  }
  return all;
}

const bodies = (messages) => messages.map((message) => message.Body).sort();
const send = (QueueUrl, MessageBody, more = {}) => call('SendMessage', {QueueUrl, MessageBody, ...more});
const remove = (QueueUrl, {ReceiptHandle}) => call('DeleteMessage', {QueueUrl, ReceiptHandle});
const create = async (QueueName, Attributes = {}) => (await call('CreateQueue', {QueueName, Attributes})).QueueUrl;
const drop = (QueueUrl) => call('DeleteQueue', {QueueUrl});
const attribute = async (QueueUrl, wanted) =>
    (await call('GetQueueAttributes', {QueueUrl, AttributeNames: [wanted]})).Attributes[wanted];

async function lifeCycle() {
  const {QueueUrl: url} = await call('CreateQueue', {
    QueueName: name, Attributes: {VisibilityTimeout: '20'}, tags: {stage: 'test', team: 'red'}});
  const listed = (await call('ListQueues', {QueueNamePrefix: name})).QueueUrls;
  await call('SetQueueAttributes', {QueueUrl: url, Attributes: {VisibilityTimeout: '25'}});
  await call('TagQueue', {QueueUrl: url, Tags: {team: 'blue'}});
  const tags = (await call('ListQueueTags', {QueueUrl: url})).Tags;
  await call('UntagQueue', {QueueUrl: url, TagKeys: ['stage']});
  return [url, {
    url: (await call('GetQueueUrl', {QueueName: name})).QueueUrl === url, again: await create(name) === url,
    listed: listed.length === 1 && listed[0] === url, arn: (await attribute(url, 'QueueArn')).endsWith(`:${name}`),
    visibility: await attribute(url, 'VisibilityTimeout'), tags,
    untagged: (await call('ListQueueTags', {QueueUrl: url})).Tags,
  }];
}

async function pages() {
  const urls = [];
  for (let i = 0; i < 5; i++) urls.push(await create(`${name}-page-${i}`));
  const found = [];
  for await (const page of sdk.paginateListQueues({client, pageSize: 2}, {QueueNamePrefix: `${name}-page`})) {
    found.push(page.QueueUrls);
  }
  for (const url of urls) await drop(url);
  return {sizes: found.map((page) => page.length), all: found.flat().sort().join() === urls.join()};
}

async function oneMessage(url) {
  const sent = await send(url, BODY, {
    MessageAttributes: {
      text: {DataType: 'String', StringValue: 'v\u00e4lue'}, number: {DataType: 'Number', StringValue: '-12.50'},
      blob: {DataType: 'Binary', BinaryValue: new Uint8Array([0, 1, 255])},
      custom: {DataType: 'String.uuid', StringValue: 'x'},
    },
    MessageSystemAttributes: {
      AWSTraceHeader: {DataType: 'String', StringValue: 'Root=1-5759e988-bd862e3fe1be46a994272793'}},
  });
  const [got] = await receive(url);
  const typed = (key) => [got.MessageAttributes[key].DataType, got.MessageAttributes[key].StringValue];
  const seen = {
    same_id: got.MessageId === sent.MessageId, body: got.Body === BODY,
    md5: got.MD5OfMessageAttributes === sent.MD5OfMessageAttributes && sent.MD5OfMessageSystemAttributes !== undefined,
    text: typed('text'), number: typed('number'), custom: typed('custom'),
    blob: Buffer.from(got.MessageAttributes.blob.BinaryValue).toString('hex'), trace: got.Attributes.AWSTraceHeader,
    count: got.Attributes.ApproximateReceiveCount, hidden: (await receive(url)).length,
  };
  await call('ChangeMessageVisibility', {QueueUrl: url, ReceiptHandle: got.ReceiptHandle, VisibilityTimeout: 0});
  const [again] = await receive(url, {MessageAttributeNames: ['te.*']});
  seen.named = Object.keys(again.MessageAttributes);
  seen.count_again = again.Attributes.ApproximateReceiveCount;
  await remove(url, again);
  await remove(url, again);
  seen.gone = (await receive(url)).length;
  return seen;
}

async function batches(url) {
  const Entries = Array.from({length: 10}, (_, i) => ({
    Id: `id-${i}`, MessageBody: `body ${i}`, MessageAttributes: {n: {DataType: 'Number', StringValue: `${i}`}}}));
  const sent = (await call('SendMessageBatch', {QueueUrl: url, Entries})).Successful.length;
  const got = await receiveAll(url, 10);
  const later = await call('ChangeMessageVisibilityBatch', {QueueUrl: url, Entries: [
    {Id: 'good', ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 40},
    {Id: 'bad', ReceiptHandle: 'not-a-handle', VisibilityTimeout: 40}]});
  const [bad] = later.Failed;
  const ends = got.map(({ReceiptHandle}, i) => ({Id: `${i}`, ReceiptHandle}));
  return {
    sent, bodies: bodies(got), good: later.Successful[0].Id, bad: [bad.Id, bad.Code, bad.SenderFault],
    deleted: (await call('DeleteMessageBatch', {QueueUrl: url, Entries: ends})).Successful.length,
  };
}

async function clock(url) {
  let started = Date.now();
  const [woken] = await Promise.all([receive(url, {WaitTimeSeconds: 10}), pause(300).then(() => send(url, 'woken'))]);
  const at_once = Date.now() - started < 2000;
  await remove(url, woken[0]);
  started = Date.now();
  await send(url, 'later', {DelaySeconds: 1});
  const early = (await receive(url)).length;
  const delayed = await receive(url, {WaitTimeSeconds: 5});
  const took = Date.now() - started;
  await remove(url, delayed[0]);
  return {long_poll: bodies(woken), at_once, early, delayed: bodies(delayed), kept: took > 900 && took < 3000};
}

async function fifo() {
  const url = await create(`${name}.fifo`, {FifoQueue: 'true', ContentBasedDeduplication: 'true'});
  const put = (MessageGroupId, text, MessageDeduplicationId) => send(url, text, {MessageGroupId, MessageDeduplicationId});
  const first = await put('g', 'a', '1');
  const second = await put('g', 'b', '2');
  const repeated = await put('g', 'another body', '1');
  const other = await put('h', 'x');
  const content = await put('h', 'x');
  const a = await receive(url, {MaxNumberOfMessages: 1});
  const x = await receive(url, {MaxNumberOfMessages: 1});
  const blocked = await receive(url);
  await remove(url, a[0]);
  const b = await receive(url, {WaitTimeSeconds: 2});
  const seen = {
    repeated: repeated.MessageId === first.MessageId, content: content.MessageId === other.MessageId,
    rising: first.SequenceNumber.length === second.SequenceNumber.length && first.SequenceNumber < second.SequenceNumber,
    order: [a, x, blocked, b].map(bodies), group: [a[0].Attributes.MessageGroupId, a[0].Attributes.MessageDeduplicationId],
    no_group: await typeOf('SendMessage', {QueueUrl: url, MessageBody: 'x'}),
  };
  await drop(url);
  return seen;
}

async function deadLetters() {
  const dead = await create(`${name}-dead`);
  const arn = await attribute(dead, 'QueueArn');
  const RedrivePolicy = JSON.stringify({deadLetterTargetArn: arn, maxReceiveCount: 2});
  const source = await create(`${name}-source`, {VisibilityTimeout: '0', RedrivePolicy});
  const sent = await send(source, 'poison');
  const receives = [];
  for (let i = 0; i < 3; i++) receives.push((await receive(source)).length);
  const [got] = await receiveAll(dead, 1);
  await call('ChangeMessageVisibility', {QueueUrl: dead, ReceiptHandle: got.ReceiptHandle, VisibilityTimeout: 0});
  const sources = [];
  for await (const page of sdk.paginateListDeadLetterSourceQueues({client}, {QueueUrl: dead})) sources.push(...page.queueUrls);
  await call('StartMessageMoveTask', {SourceArn: arn});
  const back = bodies(await receiveAll(source, 1));
  let task = {};
  for (const end = Date.now() + 10000; task.Status !== 'COMPLETED' && Date.now() < end;) {
    [task] = (await call('ListMessageMoveTasks', {SourceArn: arn})).Results;
  }
  await drop(source);
  await drop(dead);
  return {
    receives, same_id: got.MessageId === sent.MessageId, back,
    from: got.Attributes.DeadLetterQueueSourceArn.endsWith(`:${name}-source`),
    sources: sources.length === 1 && sources[0] === source, task: [task.Status, task.ApproximateNumberOfMessagesMoved],
  };
}

async function failures(url) {
  const batch = (ids, MessageBody = 'x') =>
      typeOf('SendMessageBatch', {QueueUrl: url, Entries: ids.map((Id) => ({Id, MessageBody}))});
  const change = (Attributes) => typeOf('SetQueueAttributes', {QueueUrl: url, Attributes});
  const ten = [...'0123456789'];
  const list = (accessKeyId) => typeOf('ListQueues', {}, make({credentials: {accessKeyId, secretAccessKey: 'x'}}));
  const seen = {
    no_queue_code: await call('GetQueueUrl', {QueueName: `${name}-never`}).catch((error) => error.Code),
    no_queue: await typeOf('GetQueueUrl', {QueueName: `${name}-never`}),
    name_taken: await typeOf('CreateQueue', {QueueName: name, Attributes: {VisibilityTimeout: '26'}}),
    bad_handle: await typeOf('DeleteMessage', {QueueUrl: url, ReceiptHandle: 'no'}),
    empty: await batch([]), twice: await batch(['a', 'a']), bad_id: await batch(['a b']),
    too_many: await batch([...ten, '10']), too_long: await batch(ten, 'x'.repeat(150000)),
    attribute_name: await change({Colour: 'blue'}), attribute_value: await change({VisibilityTimeout: '43201'}),
    contents: await typeOf('SendMessage', {QueueUrl: url, MessageBody: '\u0001'}),
    move: await typeOf('StartMessageMoveTask', {SourceArn: await attribute(url, 'QueueArn') + '-never'}),
    wrong_key: await list('AKIAIOSFODNN7EXAMPLE'), wrong_secret: await list(process.env.AWS_ACCESS_KEY_ID),
  };
  await call('PurgeQueue', {QueueUrl: url});
  seen.purge_again = await typeOf('PurgeQueue', {QueueUrl: url});
  await drop(url);
  seen.deleted = await typeOf('SendMessage', {QueueUrl: url, MessageBody: 'x'});
  seen.deleted_status = await send(url, 'x').then(() => false, (error) => error.$metadata.httpStatusCode === 400);
  return seen;
}

const [url, life] = await lifeCycle();
console.log(JSON.stringify({
  life, pages: await pages(), message: await oneMessage(url), batch: await batches(url), time: await clock(url),
  fifo: await fifo(), dead: await deadLetters(), errors: await failures(url),
}));

import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.*;

/**
 * One pass over the SQS API with the AWS SDK for Java v2: prints what it saw as JSON.
 *
 * <p>The contract that it is compared with stands in clients/contract.py. Endpoint, region and keys come from the
 * environment. The SDK itself checks the MD5 of bodies, attributes and system attributes, sent and received.
 */
public final class Scenario {
  private static final String BODY = "caf\u00e9 \u2603 \ud83d\ude80 \"quoted\" <tag> & CR\rLF\nTAB\tend";
  private static SqsClient sqs;
  private static String name;

  private static SqsClient client(AwsCredentialsProvider keys) {
    return SqsClient.builder().endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL"))).credentialsProvider(keys)
        .overrideConfiguration(o -> o.retryStrategy(DefaultRetryStrategy.doNotRetry())).build();
  }

  /** The class of the error, or its code when the SDK has no class for it. */
  private static String typeOf(Runnable call) {
    try {
      call.run();
      return "nothing";
    } catch (SqsException error) {
      return error.getClass() == SqsException.class ? "unmodelled " + error.awsErrorDetails().errorCode()
                                                    : error.getClass().getSimpleName();
    }
  }

  private static List<Message> receive(String url, Consumer<ReceiveMessageRequest.Builder> change) {
    return sqs.receiveMessage(r -> {
      r.queueUrl(url).maxNumberOfMessages(10).messageAttributeNames("All")
          .messageSystemAttributeNames(MessageSystemAttributeName.ALL);
      change.accept(r);
    }).messages();
  }

  private static List<Message> receive(String url) {
    return receive(url, r -> {});
  }

  /** Collects {@code count} messages; each call may give fewer than asked for. */
  private static List<Message> receiveAll(String url, int count) {
    List<Message> all = new ArrayList<>();
    for (long end = System.nanoTime() + 10_000_000_000L; all.size() < count && System.nanoTime() < end;) {
      all.addAll(receive(url, r -> r.waitTimeSeconds(1)));
    }
    return all;
  }

  private static List<String> bodies(List<Message> messages) {
    return messages.stream().map(Message::body).sorted().toList();
  }

  private static SendMessageResponse send(String url, String text) {
    return sqs.sendMessage(r -> r.queueUrl(url).messageBody(text));
  }

  private static void remove(String url, Message message) {
    sqs.deleteMessage(r -> r.queueUrl(url).receiptHandle(message.receiptHandle()));
  }

  private static String create(String queue, Map<String, String> attributes) {
    return sqs.createQueue(r -> r.queueName(queue).attributesWithStrings(attributes)).queueUrl();
  }

  private static void drop(String url) {
    sqs.deleteQueue(r -> r.queueUrl(url));
  }

  private static String attribute(String url, QueueAttributeName wanted) {
    return sqs.getQueueAttributes(r -> r.queueUrl(url).attributeNames(wanted)).attributes().get(wanted);
  }

  private static Map<String, Object> lifeCycle() {
    String url = sqs.createQueue(r -> r.queueName(name).attributes(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "20"))
        .tags(Map.of("stage", "test", "team", "red"))).queueUrl();
    Map<String, Object> seen = new TreeMap<>();
    seen.put("url", sqs.getQueueUrl(r -> r.queueName(name)).queueUrl().equals(url));
    seen.put("again", create(name, Map.of()).equals(url));
    seen.put("listed", sqs.listQueues(r -> r.queueNamePrefix(name)).queueUrls().equals(List.of(url)));
    seen.put("arn", attribute(url, QueueAttributeName.QUEUE_ARN).endsWith(":" + name));
    sqs.setQueueAttributes(r -> r.queueUrl(url).attributes(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "25")));
    seen.put("visibility", attribute(url, QueueAttributeName.VISIBILITY_TIMEOUT));
    sqs.tagQueue(r -> r.queueUrl(url).tags(Map.of("team", "blue")));
    seen.put("tags", sqs.listQueueTags(r -> r.queueUrl(url)).tags());
    sqs.untagQueue(r -> r.queueUrl(url).tagKeys("stage"));
    seen.put("untagged", sqs.listQueueTags(r -> r.queueUrl(url)).tags());
    return seen;
  }

  private static Map<String, Object> pages() {
    List<String> urls = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      urls.add(create(name + "-page-" + i, Map.of()));
    }
    List<Integer> sizes = new ArrayList<>();
    List<String> listed = new ArrayList<>();
    for (ListQueuesResponse page : sqs.listQueuesPaginator(r -> r.queueNamePrefix(name + "-page").maxResults(2))) {
      sizes.add(page.queueUrls().size());
      listed.addAll(page.queueUrls());
    }
    Collections.sort(listed);
    urls.forEach(Scenario::drop);
    return Map.of("sizes", sizes, "all", listed.equals(urls));
  }

  private static MessageAttributeValue value(String type, String text) {
    return MessageAttributeValue.builder().dataType(type).stringValue(text).build();
  }

  private static List<String> typed(Message message, String attribute) {
    MessageAttributeValue value = message.messageAttributes().get(attribute);
    return List.of(value.dataType(), value.stringValue());
  }

  private static Map<String, Object> oneMessage(String url) {
    MessageAttributeValue blob = MessageAttributeValue.builder().dataType("Binary")
        .binaryValue(SdkBytes.fromByteArray(new byte[] {0, 1, (byte) 255})).build();
    SendMessageResponse sent = sqs.sendMessage(r -> r.queueUrl(url).messageBody(BODY)
        .messageAttributes(Map.of("text", value("String", "v\u00e4lue"), "number", value("Number", "-12.50"),
            "custom", value("String.uuid", "x"), "blob", blob))
        .messageSystemAttributes(Map.of(MessageSystemAttributeNameForSends.AWS_TRACE_HEADER,
            MessageSystemAttributeValue.builder().dataType("String")
                .stringValue("Root=1-5759e988-bd862e3fe1be46a994272793").build())));
    Message got = receive(url).get(0);
    Map<String, Object> seen = new TreeMap<>();
    seen.put("same_id", got.messageId().equals(sent.messageId()));
    seen.put("body", got.body().equals(BODY));
    seen.put("md5", got.md5OfMessageAttributes().equals(sent.md5OfMessageAttributes())
        && sent.md5OfMessageSystemAttributes() != null);
    for (String attribute : List.of("text", "number", "custom")) {
      seen.put(attribute, typed(got, attribute));
    }
    seen.put("blob", HexFormat.of().formatHex(got.messageAttributes().get("blob").binaryValue().asByteArray()));
    seen.put("trace", got.attributes().get(MessageSystemAttributeName.AWS_TRACE_HEADER));
    seen.put("count", got.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
    seen.put("hidden", receive(url).size());
    sqs.changeMessageVisibility(r -> r.queueUrl(url).receiptHandle(got.receiptHandle()).visibilityTimeout(0));
    Message again = receive(url, r -> r.messageAttributeNames("te.*")).get(0);
    seen.put("named", new ArrayList<>(again.messageAttributes().keySet()));
    seen.put("count_again", again.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
    remove(url, again);
    remove(url, again);
    seen.put("gone", receive(url).size());
    return seen;
  }

  private static Map<String, Object> batches(String url) {
    List<SendMessageBatchRequestEntry> entries = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      entries.add(SendMessageBatchRequestEntry.builder().id("id-" + i).messageBody("body " + i)
          .messageAttributes(Map.of("n", value("Number", "" + i))).build());
    }
    int sent = sqs.sendMessageBatch(r -> r.queueUrl(url).entries(entries)).successful().size();
    List<Message> got = receiveAll(url, 10);
    ChangeMessageVisibilityBatchResponse later = sqs.changeMessageVisibilityBatch(r -> r.queueUrl(url).entries(
        e -> e.id("good").receiptHandle(got.get(0).receiptHandle()).visibilityTimeout(40),
        e -> e.id("bad").receiptHandle("not-a-handle").visibilityTimeout(40)));
    BatchResultErrorEntry bad = later.failed().get(0);
    List<DeleteMessageBatchRequestEntry> ends = got.stream().map(m -> DeleteMessageBatchRequestEntry.builder()
        .id("d-" + got.indexOf(m)).receiptHandle(m.receiptHandle()).build()).toList();
    return Map.of("sent", sent, "bodies", bodies(got), "good", later.successful().get(0).id(),
        "bad", List.of(bad.id(), bad.code(), bad.senderFault()),
        "deleted", sqs.deleteMessageBatch(r -> r.queueUrl(url).entries(ends)).successful().size());
  }

  private static Map<String, Object> clock(String url) throws InterruptedException {
    long started = System.nanoTime();
    Thread sender = new Thread(() -> {
      try {
        Thread.sleep(300);
      } catch (InterruptedException stop) {
        return;
      }
      send(url, "woken");
    });
    sender.start();
    List<Message> woken = receive(url, r -> r.waitTimeSeconds(10));
    boolean atOnce = System.nanoTime() - started < 2_000_000_000L;
    sender.join();
    remove(url, woken.get(0));
    long sent = System.nanoTime();
    sqs.sendMessage(r -> r.queueUrl(url).messageBody("later").delaySeconds(1));
    int early = receive(url).size();
    List<Message> delayed = receive(url, r -> r.waitTimeSeconds(5));
    long took = System.nanoTime() - sent;
    remove(url, delayed.get(0));
    return Map.of("long_poll", bodies(woken), "at_once", atOnce, "early", early, "delayed", bodies(delayed),
        "kept", took > 900_000_000L && took < 3_000_000_000L);
  }

  private static Map<String, Object> fifo() {
    String url = create(name + ".fifo", Map.of("FifoQueue", "true", "ContentBasedDeduplication", "true"));
    SendMessageResponse first = put(url, "g", "a", "1");
    SendMessageResponse second = put(url, "g", "b", "2");
    boolean repeated = put(url, "g", "another body", "1").messageId().equals(first.messageId());
    boolean content = put(url, "h", "x", null).messageId().equals(put(url, "h", "x", null).messageId());
    List<Message> a = receive(url, r -> r.maxNumberOfMessages(1));
    List<Message> x = receive(url, r -> r.maxNumberOfMessages(1));
    List<Message> blocked = receive(url);
    remove(url, a.get(0));
    List<Message> b = receive(url, r -> r.waitTimeSeconds(2));
    Map<MessageSystemAttributeName, String> of = a.get(0).attributes();
    Map<String, Object> seen = Map.of("repeated", repeated, "content", content,
        "rising", first.sequenceNumber().length() == second.sequenceNumber().length()
            && first.sequenceNumber().compareTo(second.sequenceNumber()) < 0,
        "order", List.of(bodies(a), bodies(x), bodies(blocked), bodies(b)),
        "group", List.of(of.get(MessageSystemAttributeName.MESSAGE_GROUP_ID),
            of.get(MessageSystemAttributeName.MESSAGE_DEDUPLICATION_ID)),
        "no_group", typeOf(() -> send(url, "x")));
    drop(url);
    return seen;
  }

  private static SendMessageResponse put(String url, String group, String text, String dedup) {
    return sqs.sendMessage(r -> r.queueUrl(url).messageGroupId(group).messageBody(text).messageDeduplicationId(dedup));
  }

  private static Map<String, Object> deadLetters() {
    String dead = create(name + "-dead", Map.of());
    String arn = attribute(dead, QueueAttributeName.QUEUE_ARN);
    String source = create(name + "-source", Map.of("VisibilityTimeout", "0",
        "RedrivePolicy", "{\"deadLetterTargetArn\":\"" + arn + "\",\"maxReceiveCount\":2}"));
    String id = send(source, "poison").messageId();
    List<Integer> receives = List.of(receive(source).size(), receive(source).size(), receive(source).size());
    Message got = receiveAll(dead, 1).get(0);
    sqs.changeMessageVisibility(r -> r.queueUrl(dead).receiptHandle(got.receiptHandle()).visibilityTimeout(0));
    List<String> sources = new ArrayList<>();
    sqs.listDeadLetterSourceQueuesPaginator(r -> r.queueUrl(dead)).queueUrls().forEach(sources::add);
    sqs.startMessageMoveTask(r -> r.sourceArn(arn));
    List<String> back = bodies(receiveAll(source, 1));
    ListMessageMoveTasksResultEntry task;
    long end = System.nanoTime() + 10_000_000_000L;
    do {
      task = sqs.listMessageMoveTasks(r -> r.sourceArn(arn)).results().get(0);
    } while (!task.status().equals("COMPLETED") && System.nanoTime() < end);
    drop(source);
    drop(dead);
    return Map.of("receives", receives, "same_id", got.messageId().equals(id), "back", back,
        "from", got.attributes().get(MessageSystemAttributeName.DEAD_LETTER_QUEUE_SOURCE_ARN).endsWith(":" + name + "-source"),
        "sources", sources.equals(List.of(source)),
        "task", List.of(task.status(), task.approximateNumberOfMessagesMoved()));
  }

  private static String batchOf(String url, String body, String... ids) {
    List<SendMessageBatchRequestEntry> entries = Arrays.stream(ids)
        .map(id -> SendMessageBatchRequestEntry.builder().id(id).messageBody(body).build()).toList();
    return typeOf(() -> sqs.sendMessageBatch(r -> r.queueUrl(url).entries(entries)));
  }

  private static String listWith(String access, String secret) {
    try (SqsClient other = client(StaticCredentialsProvider.create(AwsBasicCredentials.create(access, secret)))) {
      return typeOf(other::listQueues);
    }
  }

  private static String change(String url, String attribute, String value) {
    return typeOf(() -> sqs.setQueueAttributes(r -> r.queueUrl(url).attributesWithStrings(Map.of(attribute, value))));
  }

  private static Map<String, Object> failures(String url) {
    String missing = attribute(url, QueueAttributeName.QUEUE_ARN) + "-never";
    String[] ten = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    Map<String, Object> seen = new TreeMap<>();
    seen.put("no_queue", typeOf(() -> sqs.getQueueUrl(r -> r.queueName(name + "-never"))));
    seen.put("name_taken", typeOf(() -> create(name, Map.of("VisibilityTimeout", "26"))));
    seen.put("bad_handle", typeOf(() -> sqs.deleteMessage(r -> r.queueUrl(url).receiptHandle("no"))));
    seen.put("empty", batchOf(url, "x"));
    seen.put("twice", batchOf(url, "x", "a", "a"));
    seen.put("bad_id", batchOf(url, "x", "a b"));
    seen.put("too_many", batchOf(url, "x", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"));
    seen.put("too_long", batchOf(url, "x".repeat(150000), ten));
    seen.put("attribute_name", change(url, "Colour", "blue"));
    seen.put("attribute_value", change(url, "VisibilityTimeout", "43201"));
    seen.put("contents", typeOf(() -> send(url, "\u0001")));
    seen.put("move", typeOf(() -> sqs.startMessageMoveTask(r -> r.sourceArn(missing))));
    seen.put("wrong_key", listWith("AKIAIOSFODNN7EXAMPLE", "x"));
    seen.put("wrong_secret", listWith(System.getenv("AWS_ACCESS_KEY_ID"), "x"));
    sqs.purgeQueue(r -> r.queueUrl(url));
    seen.put("purge_again", typeOf(() -> sqs.purgeQueue(r -> r.queueUrl(url))));
    drop(url);
    seen.put("deleted", typeOf(() -> send(url, "x")));
    try {
      send(url, "x");
    } catch (QueueDoesNotExistException error) {
      seen.put("deleted_status", error.statusCode() == 400);
      seen.put("no_queue_code", error.awsErrorDetails().errorCode());
    }
    return seen;
  }

  private static String json(Object value) {
    if (value instanceof Map<?, ?> map) {
      List<String> pairs = map.entrySet().stream().map(e -> json(e.getKey().toString()) + ":" + json(e.getValue())).toList();
      return "{" + String.join(",", pairs) + "}";
    }
    if (value instanceof List<?> list) {
      return "[" + String.join(",", list.stream().map(Scenario::json).toList()) + "]";
    }
    if (value instanceof String text) {
      StringBuilder out = new StringBuilder("\"");
      for (char c : text.toCharArray()) {
        boolean plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
        out.append(plain ? "" + c : String.format("\\u%04x", (int) c));
      }
      return out.append('"').toString();
    }
    return String.valueOf(value);
  }

  public static void main(String[] arguments) throws Exception {
    name = arguments[0];
    sqs = client(EnvironmentVariableCredentialsProvider.create());
    Map<String, Object> seen = new TreeMap<>();
    seen.put("life", lifeCycle());
    String url = sqs.getQueueUrl(r -> r.queueName(name)).queueUrl();
    seen.put("pages", pages());
    seen.put("message", oneMessage(url));
    seen.put("batch", batches(url));
    seen.put("time", clock(url));
    seen.put("fifo", fifo());
    seen.put("dead", deadLetters());
    seen.put("errors", failures(url));
    System.out.println(json(seen));
  }
}

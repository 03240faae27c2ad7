import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads the audit log from Kafka with the schema registry: one JSON line an event; ends after LIMIT records where that is
 * set. With Confluent's KafkaAvroDeserializer at hand, set it as value.deserializer instead of {@link #decode}.
 */
public final class AuditLogConsumer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Map<Integer, GenericDatumReader<GenericRecord>> READERS = new ConcurrentHashMap<>();

  public static void main(String[] args) throws Exception {
    var topic = System.getenv().getOrDefault("KAFKA_TOPIC", "huggingface.audit-log");
    var limit = Long.parseLong(System.getenv().getOrDefault("LIMIT", "0"));
    var settings = Map.<String, Object>of(
        "bootstrap.servers", required("KAFKA_BROKERS"),
        "group.id", System.getenv().getOrDefault("KAFKA_GROUP", "audit-log-example"),
        "auto.offset.reset", "earliest",
        // Not the default of this client: without it records of aborted transactions are seen too.
        "isolation.level", "read_committed",
        "enable.auto.commit", false);
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      Runtime.getRuntime().addShutdownHook(new Thread(consumer::wakeup));
      consumer.subscribe(List.of(topic));
      for (long handled = 0; limit == 0 || handled < limit; ) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          handle(record);
          handled++;
        }
        consumer.commitSync();
      }
    } catch (WakeupException stopped) {
      // The process is being ended.
    }
  }

  /** Whatever you do with an event. Twice the same id is possible after a crash of this consumer: make it harmless. */
  private static void handle(ConsumerRecord<String, byte[]> stored) throws IOException, InterruptedException {
    var event = decode(stored.value());
    var line = new LinkedHashMap<String, Object>();
    line.put("id", event.get("id").toString());
    line.put("organization", stored.key());
    line.put("sequence", event.get("sequence"));
    line.put("time", Instant.ofEpochMilli((Long) event.get("eventTime")).toString());
    line.put("type", event.get("eventType").toString());
    line.put("author", event.get("authorUser").toString());
    line.put("severity", event.get("severity").toString());
    System.out.println(JSON.writeValueAsString(line));
  }

  /** Confluent's wire format: a zero byte, the schema's id in four bytes, the Avro body. */
  private static GenericRecord decode(byte[] value) throws IOException, InterruptedException {
    var bytes = ByteBuffer.wrap(value);
    if (bytes.get() != 0) throw new IOException("not in the wire format of a schema registry");
    var id = bytes.getInt();
    var reader = READERS.get(id);
    if (reader == null) {
      reader = new GenericDatumReader<>(fetchSchema(id));
      READERS.put(id, reader);
    }
    return reader.read(null, DecoderFactory.get().binaryDecoder(value, bytes.position(), bytes.remaining(), null));
  }

  private static Schema fetchSchema(int id) throws IOException, InterruptedException {
    var uri = URI.create(required("SCHEMA_REGISTRY_URL") + "/schemas/ids/" + id);
    var response = HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    if (response.statusCode() != 200) throw new IOException(uri + " answered " + response.statusCode());
    return new Schema.Parser().parse(JSON.readTree(response.body()).get("schema").asText());
  }

  private static String required(String name) {
    var value = System.getenv(name);
    if (value == null) throw new IllegalArgumentException(name + " is not set");
    return value;
  }
}

/*
 * rdkafka BOOTSTRAP TOPIC RECORDS EVENTS COMPRESSION HEADERS: produces EVENTS records, idempotent, acknowledged by all replicas, to one partition, from those in the
 * file RECORDS (each a little-endian u32 length and so many bytes) by turns; with the headers of an event where HEADERS is not 0. Prints {"seconds", "cpuUs", "rssKiB"}.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const char KEY[] = "5f3b1c9e-0d62-4c7e-9f0a-2a64f6a3d1b7";
static long failed;

static void reported(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque)
{
	(void)producer;
	(void)opaque;
	failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char error[256];

	if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) {
		fprintf(stderr, "%s\n", error);
		exit(64);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static rd_kafka_resp_err_t produce(rd_kafka_t *producer, const char *topic, const unsigned char *record, unsigned length, int headers, long number)
{
	char id[64];

	if (!headers)
		return rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY(KEY, sizeof KEY - 1),
					 RD_KAFKA_V_VALUE((void *)record, length), RD_KAFKA_V_END);
	int idLength = snprintf(id, sizeof id, "%s:%ld", KEY, number);
	return rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY(KEY, sizeof KEY - 1),
				 RD_KAFKA_V_VALUE((void *)record, length),
				 RD_KAFKA_V_HEADER("schema", "forkcast.v1.ProcessEvent/0123456789abcdef", -1), RD_KAFKA_V_HEADER("host-id", KEY, -1),
				 RD_KAFKA_V_HEADER("content-type", "application/vnd.apache.avro; framing=single_object", -1),
				 RD_KAFKA_V_HEADER("event-id", id, idLength), RD_KAFKA_V_END);
}

int main(int argc, char **argv)
{
	if (argc != 7)
		return 64;
	FILE *file = fopen(argv[3], "rb");
	static unsigned char records[64 << 20];
	size_t size = file ? fread(records, 1, sizeof records, file) : 0;
	if (size == 0)
		return 66;

	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char error[256];

	set(conf, "bootstrap.servers", argv[1]);
	set(conf, "enable.idempotence", "true");
	set(conf, "linger.ms", "5");
	set(conf, "batch.size", "921600");
	set(conf, "batch.num.messages", "5000");
	set(conf, "queue.buffering.max.messages", "100000");
	set(conf, "compression.codec", argv[5]);
	rd_kafka_conf_set_dr_msg_cb(conf, reported);
	rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
	if (!producer)
		return 70;

	long events = atol(argv[4]);
	int headers = atoi(argv[6]);
	double began = now();
	size_t at = 0;

	for (long i = 0; i < events; i++) {
		unsigned length;

		if (at == size)
			at = 0;
		memcpy(&length, records + at, sizeof length);
		while (produce(producer, argv[2], records + at + sizeof length, length, headers, i) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			rd_kafka_poll(producer, 10);
		at += sizeof length + length;
		if (i % 1000 == 0)
			rd_kafka_poll(producer, 0);
	}
	if (rd_kafka_flush(producer, 60000) || failed) {
		fprintf(stderr, "%ld records failed, or are not acknowledged yet\n", failed);
		return 1;
	}
	double seconds = now() - began;
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	printf("{\"seconds\":%f,\"cpuUs\":%ld,\"rssKiB\":%ld}\n", seconds,
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L + used.ru_utime.tv_usec + used.ru_stime.tv_usec, used.ru_maxrss);
	return 0;
}

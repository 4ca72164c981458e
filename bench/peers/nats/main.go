// nats URL SUBJECT RECORDS EVENTS EVENTS_PER_MESSAGE MODE HEADERS publishes EVENTS events, by turns from those in the file RECORDS (each a little-endian u32 length
// and so many bytes), EVENTS_PER_MESSAGE in each message, to SUBJECT: MODE core until a flush is answered, jetstream until each message is acknowledged. HEADERS are
// none, or those of our events, which name this stream as the one expected. Prints {"seconds", "cpuUs", "rssKiB"}.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// What may wait for acknowledgements at once. A server refuses what comes while it holds more than 128 MiB for a stream.
	windowMessages = 4096
	windowBytes    = 8 << 20
	stallWait      = time.Minute

	hostID      = "5f3b1c9e-0d62-4c7e-9f0a-2a64f6a3d1b7"
	schema      = "forkcast.v1.ProcessEvent/0123456789abcdef"
	contentType = "application/vnd.apache.avro; framing=single_object"
)

// Brings a message on its way.
type publish func(*nats.Msg) error

func main() {
	log.SetFlags(0)
	if len(os.Args) != 8 {
		log.Print("nats URL SUBJECT RECORDS EVENTS EVENTS_PER_MESSAGE core|jetstream HEADERS")
		os.Exit(64)
	}
	url, subject, mode, stream := os.Args[1], os.Args[2], os.Args[6], os.Args[7]
	events, perMessage := number(os.Args[4]), number(os.Args[5])
	records := recordsIn(os.Args[3])
	connection, err := nats.Connect(url)
	check(err)
	send, finish := publisher(connection, mode, min(windowMessages, windowBytes/len(content(records, 0, perMessage))))

	began, before := time.Now(), used()
	for sent := 0; sent < events; sent += perMessage {
		message := &nats.Msg{Subject: subject, Data: content(records, sent, perMessage)}
		if stream != "none" {
			message.Header = headersOf(sent+1, perMessage)
			if mode == "jetstream" {
				deduplicate(message.Header, stream)
			}
		}
		check(send(message))
	}
	check(finish())
	after, seconds := used(), time.Since(began).Seconds()
	connection.Close()
	fmt.Printf("{\"seconds\":%f,\"cpuUs\":%d,\"rssKiB\":%d}\n", seconds, cpuUs(after)-cpuUs(before), after.Maxrss)
}

// How it is sent, and how it is waited for that all has arrived.
func publisher(connection *nats.Conn, mode string, window int) (publish, func() error) {
	if mode == "core" {
		return connection.PublishMsg, connection.Flush
	}
	var failed atomic.Int64
	js, err := jetstream.New(connection, jetstream.WithPublishAsyncMaxPending(window),
		jetstream.WithPublishAsyncErrHandler(func(jetstream.JetStream, *nats.Msg, error) { failed.Add(1) }))
	check(err)
	send := func(message *nats.Msg) error {
		_, err := js.PublishMsgAsync(message, jetstream.WithStallWait(stallWait))
		return err
	}
	return send, func() error {
		select {
		case <-js.PublishAsyncComplete():
		case <-time.After(stallWait):
			return fmt.Errorf("%d messages are not acknowledged yet", js.PublishAsyncPending())
		}
		if count := failed.Load(); count > 0 {
			return fmt.Errorf("%d messages were not taken", count)
		}
		return nil
	}
}

func headersOf(sequence int, events int) nats.Header {
	id := strconv.Itoa(sequence)
	headers := nats.Header{"schema": {schema}, "host-id": {hostID}}
	if events == 1 {
		headers["content-type"] = []string{contentType}
	} else {
		id += "-" + strconv.Itoa(sequence+events-1)
		headers["content-type"] = []string{contentType + "; batch=uint32"}
		headers["events"] = []string{strconv.Itoa(events)}
	}
	headers["event-id"] = []string{hostID + ":" + id}
	return headers
}

func deduplicate(headers nats.Header, stream string) {
	_, id, _ := strings.Cut(headers["event-id"][0], ":")
	headers[jetstream.MsgIDHeader] = []string{hostID + "/" + hostID + "/" + id}
	headers[jetstream.ExpectedStreamHeader] = []string{stream}
}

// Of a message with so many of the records, from one on: as it is where it is one, else with the length before each.
func content(records [][]byte, from int, count int) []byte {
	if count == 1 {
		return records[from%len(records)]
	}
	bytes := make([]byte, 0, count*(4+len(records[0])))
	for i := range count {
		record := records[(from+i)%len(records)]
		bytes = binary.BigEndian.AppendUint32(bytes, uint32(len(record)))
		bytes = append(bytes, record...)
	}
	return bytes
}

func recordsIn(path string) [][]byte {
	bytes, err := os.ReadFile(path)
	check(err)
	var records [][]byte
	for len(bytes) > 0 {
		length := binary.LittleEndian.Uint32(bytes)
		records = append(records, bytes[4:4+length])
		bytes = bytes[4+length:]
	}
	return records
}

func used() (usage syscall.Rusage) {
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return
}

func cpuUs(usage syscall.Rusage) int64 {
	return (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// SPDX-License-Identifier: Apache-2.0
// check.go ROOTS LIST: one handshake for each line "CASE HOST PORT"; prints "CASE ok" or "CASE REASON".
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func main() {
	pem, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	list, err := os.Open(os.Args[2])
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		dialer := &net.Dialer{Timeout: 10 * time.Second}
		connection, err := tls.DialWithDialer(dialer, "tcp", "127.0.0.1:"+words[2],
			&tls.Config{RootCAs: roots, ServerName: words[1]})
		if err != nil {
			fmt.Printf("%s %s\n", words[0], strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		connection.Close()
		fmt.Printf("%s ok\n", words[0])
	}
}

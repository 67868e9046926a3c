package e2e

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
)

const callsAtOnce = 20

func TestManyCallsAtOnceShareOneConnectionOfHTTP2(t *testing.T) {
	server := serve(t)
	watched := &watchedTransport{Transport: http.Transport{TLSClientConfig: server.Trust(t), ForceAttemptHTTP2: true}}
	watched.DialContext = watched.dial
	config := sdk.NewConfig().WithScheme(requests.HTTPS)
	config.Transport = watched
	cloud := newLegacy(t, server, root, config)
	must(t, cloud.EnableDiskEncryptionByDefault(region))

	outcomes := make(chan error, callsAtOnce)
	for i := 0; i < callsAtOnce; i++ {
		go func() {
			_, err := cloud.CreateDisk(diskGiB, "")
			outcomes <- err
		}()
	}
	for i := 0; i < callsAtOnce; i++ {
		must(t, <-outcomes)
	}
	equal(t, len(watched.dialled), 1)
	equal(t, len(watched.protocols), callsAtOnce+1)
	for _, protocol := range watched.protocols {
		equal(t, protocol, "HTTP/2.0")
	}
}

func TestAnSDKFindsTheEndpointThroughTheLocationService(t *testing.T) {
	server := serve(t)
	// As where a name server leads the vendor's names here; the certificate is for the name it has.
	trust := server.Trust(t)
	trust.ServerName = "localhost"
	watched := &watchedTransport{Transport: http.Transport{TLSClientConfig: trust}, leadTo: server.Address}
	watched.DialContext = watched.dial
	config := sdk.NewConfig().WithScheme(requests.HTTPS)
	config.Transport = watched
	credential := credentials.NewAccessKeyCredential(root.ID, root.Secret)
	client := ok[*sdk.Client](t)(sdk.NewClientWithOptions(region, config, credential))

	request, response := ecs.CreateDescribeRegionsRequest(), ecs.CreateDescribeRegionsResponse()
	must(t, client.DoAction(request, response))
	equal(t, strings.Join(watched.dialled, " "), "location-readonly.aliyuncs.com:443 ecs.aliyuncs.com:443")
	if len(response.Regions.Region) == 0 {
		t.Fatal("no regions were listed")
	}
}

// watchedTransport notes which addresses were dialled and by which protocol was answered.
type watchedTransport struct {
	http.Transport
	// The address that every name leads to; empty where each leads to its own.
	leadTo    string
	lock      sync.Mutex
	dialled   []string
	protocols []string
}

func (w *watchedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := w.Transport.RoundTrip(request)
	if err == nil {
		w.lock.Lock()
		defer w.lock.Unlock()
		w.protocols = append(w.protocols, answer.Proto)
	}
	return answer, err
}

func (w *watchedTransport) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.lock.Lock()
	w.dialled = append(w.dialled, address)
	w.lock.Unlock()
	if w.leadTo != "" {
		address = w.leadTo
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

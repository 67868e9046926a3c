package coffertest_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	kms "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/alibabacloud-go/tea/tea"

	"coffertest"
)

const region = "cn-hangzhou"

// server is shared: each test resets it.
var server *coffertest.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = coffertest.Run(coffertest.Options{Seed: 7}); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		panic(err)
	}
	os.Exit(code)
}

type clients struct {
	ecs *ecs.Client
	kms *kms.Client
}

func clientsOf(t *testing.T, server *coffertest.Server) clients {
	t.Helper()
	ecsClient, err := ecs.NewClient(server.Config())
	must(t, err)
	kmsClient, err := kms.NewClient(server.Config())
	must(t, err)
	return clients{ecsClient, kmsClient}
}

// fresh is the shared server, as new, with its clients.
func fresh(t *testing.T) clients {
	t.Helper()
	server.Reset(t)
	return clientsOf(t, server)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c clients) tryDisk() (string, error) {
	made, err := c.ecs.CreateDisk(&ecs.CreateDiskRequest{
		RegionId: tea.String(region), ZoneId: tea.String(region + "-h"),
		DiskCategory: tea.String("cloud_essd"), Size: tea.Int32(20),
	})
	if err != nil {
		return "", err
	}
	return tea.StringValue(made.Body.DiskId), nil
}

func (c clients) disk(t *testing.T) string {
	t.Helper()
	id, err := c.tryDisk()
	must(t, err)
	return id
}

func (c clients) count(t *testing.T) int32 {
	t.Helper()
	listed, err := c.ecs.DescribeDisks(&ecs.DescribeDisksRequest{RegionId: tea.String(region)})
	must(t, err)
	return tea.Int32Value(listed.Body.TotalCount)
}

func (c clients) key(t *testing.T) string {
	t.Helper()
	made, err := c.kms.CreateKey(&kms.CreateKeyRequest{})
	must(t, err)
	return tea.StringValue(made.Body.KeyMetadata.KeyId)
}

func (c clients) describe(key string) (string, error) {
	shown, err := c.kms.DescribeKey(&kms.DescribeKeyRequest{KeyId: tea.String(key)})
	if err != nil {
		return "", err
	}
	return tea.StringValue(shown.Body.KeyMetadata.KeyState), nil
}

func code(t *testing.T, err error) string {
	t.Helper()
	var refusal *tea.SDKError
	if !errors.As(err, &refusal) {
		t.Fatalf("no refusal: %v", err)
	}
	return tea.StringValue(refusal.Code)
}

func TestAResetLeavesNothingAndTheSameCallsGiveTheSameIDs(t *testing.T) {
	cloud := fresh(t)
	disk, key := cloud.disk(t), cloud.key(t)
	server.Reset(t)
	if count := cloud.count(t); count != 0 {
		t.Fatalf("%d disks are left", count)
	}
	if otherKey, other := cloud.key(t), cloud.disk(t); other != disk || otherKey != key {
		t.Fatalf("%s and %s, then %s and %s", disk, key, other, otherKey)
	}
}

func TestThirtyDaysPassInOneCall(t *testing.T) {
	cloud := fresh(t)
	key := cloud.key(t)
	_, err := cloud.kms.ScheduleKeyDeletion(&kms.ScheduleKeyDeletionRequest{KeyId: &key, PendingWindowInDays: tea.Int32(30)})
	must(t, err)
	server.Advance(t, 30*24*time.Hour-time.Minute)
	state, err := cloud.describe(key)
	must(t, err)
	if state != "PendingDeletion" {
		t.Fatal(state)
	}
	server.Advance(t, 2*time.Minute)
	_, err = cloud.describe(key)
	if code := code(t, err); code != "Forbidden.KeyNotFound" {
		t.Fatal(code)
	}
}

func TestAFrozenClockStandsWhereItWasPut(t *testing.T) {
	fresh(t)
	to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	server.Freeze(t)
	server.SetClock(t, to)
	if now := server.Now(t); !now.Equal(to) {
		t.Fatal(now)
	}
	server.Unfreeze(t)
	if server.State(t).Clock.Frozen {
		t.Fatal("it is frozen")
	}
}

func TestARestoreBringsBackWhatWas(t *testing.T) {
	cloud := fresh(t)
	cloud.disk(t)
	server.Snapshot(t, "one")
	cloud.disk(t)
	server.Restore(t, "one")
	if count := cloud.count(t); count != 1 {
		t.Fatalf("%d disks", count)
	}
	server.Forget(t, "one")
	_, err := server.Ask("restore", map[string]string{"name": "one"})
	if err == nil || !strings.HasPrefix(err.Error(), "InvalidSnapshot.NotFound") {
		t.Fatal(err)
	}
}

func TestFaultsComeAndGo(t *testing.T) {
	cloud := fresh(t)
	server.Fault(t, coffertest.Error("CreateDisk", "QuotaExceed.PostPaidDisk", 1))
	_, err := cloud.tryDisk()
	if code := code(t, err); code != "QuotaExceed.PostPaidDisk" {
		t.Fatal(code)
	}
	key := cloud.key(t)
	server.Fault(t, coffertest.KeyDisabled(key))
	state, err := cloud.describe(key)
	must(t, err)
	if state != "Disabled" {
		t.Fatal(state)
	}
	server.Fault(t, coffertest.ThrottleEvery("ecs:CreateDisk", 2))
	server.Fault(t, coffertest.ThrottleRate("sts:*", 100))
	server.Fault(t, coffertest.SlowDisk(time.Millisecond))
	cloud.disk(t)
	server.Fault(t, coffertest.KMSDown())
	_, err = cloud.describe(key)
	if code := code(t, err); code != "ServiceUnavailable" {
		t.Fatal(code)
	}
	if faults := server.State(t).Faults; len(faults) != 5 {
		t.Fatal(faults)
	}
	server.Mend(t)
	state, err = cloud.describe(key)
	must(t, err)
	if state != "Enabled" {
		t.Fatal(state)
	}
}

func TestAServerOfATestsOwnIsStoppedWithIt(t *testing.T) {
	var own *coffertest.Server
	t.Run("test", func(t *testing.T) {
		own = coffertest.Start(t, coffertest.Options{})
		clientsOf(t, own).disk(t)
		if own.State(t).Seed != nil {
			t.Fatal("nobody gave it a seed")
		}
	})
	if _, err := own.Ask("state", nil); err == nil {
		t.Fatal("it still answers")
	}
}

func TestAMissingServerIsNamed(t *testing.T) {
	t.Setenv("COFFER_BINARY", "")
	t.Setenv("PATH", "")
	if _, err := coffertest.Run(coffertest.Options{}); err == nil || !strings.Contains(err.Error(), "no server") {
		t.Fatal(err)
	}
}

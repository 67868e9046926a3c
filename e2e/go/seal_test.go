package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
	"github.com/hashicorp/go-kms-wrapping/wrappers/alicloudkms/v2"
)

// sealing is a run of this program that seals or opens, as Vault and OpenBao do, and nothing else: what it trusts is the
// system's authorities, which a process reads once.
const sealing = "E2E_SEALING"

// What the seal is told to do, and what it gave.
type sealed struct {
	Config    map[string]string  `json:",omitempty"`
	Plaintext []byte             `json:",omitempty"`
	Blob      *wrapping.BlobInfo `json:",omitempty"`
	Error     string             `json:",omitempty"`
}

func TestMain(m *testing.M) {
	if os.Getenv(sealing) == "" {
		os.Exit(m.Run())
	}
	var task sealed
	if err := json.NewDecoder(os.Stdin).Decode(&task); err != nil {
		panic(err)
	}
	done, err := task.run(context.Background())
	if err != nil {
		done.Error = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(done); err != nil {
		panic(err)
	}
}

// run seals the plaintext, or opens the blob where there is one.
func (s sealed) run(ctx context.Context) (done sealed, err error) {
	seal := alicloudkms.NewWrapper()
	if _, err = seal.SetConfig(ctx, wrapping.WithConfigMap(s.Config)); err != nil {
		return done, err
	}
	if s.Blob != nil {
		done.Plaintext, err = seal.Decrypt(ctx, s.Blob)
	} else {
		done.Blob, err = seal.Encrypt(ctx, s.Plaintext)
	}
	return done, err
}

// seal lets a process of its own do the task with a key of that server, over TLS.
func seal(t *testing.T, server *Server, caller Key, key string, task sealed) sealed {
	t.Helper()
	task.Config = map[string]string{
		"kms_key_id": key, "region": region, "domain": server.Address,
		"access_key": caller.ID, "secret_key": caller.Secret,
	}
	command := exec.Command(os.Args[0])
	command.Env = append(environment(), sealing+"=1", "SSL_CERT_FILE="+server.CA())
	command.Stdin = bytes.NewReader(ok[[]byte](t)(json.Marshal(task)))
	command.Stderr = os.Stderr
	var done sealed
	must(t, json.Unmarshal(ok[[]byte](t)(command.Output()), &done))
	return done
}

func TestTheSealOfVaultAndOpenBaoIsOpenedUnderAKeyMadeHere(t *testing.T) {
	server := serve(t)
	owner := connectV2(t, server, root)
	key := ok[string](t)(owner.CreateKey())
	call(t, owner, "kms", "CreateAlias", map[string]string{"KeyId": key, "AliasName": "alias/unseal"})
	operator := makeUser(t, owner, "vault", "AliyunKMSFullAccess")
	secret := []byte("what opens the vault")

	made := seal(t, server, operator, "alias/unseal", sealed{Plaintext: secret})
	equal(t, made.Error, "")
	equal(t, made.Blob.KeyInfo.KeyId, key)
	equal(t, bytes.Contains(made.Blob.Ciphertext, secret), false)

	opens := func(of *Server) {
		t.Helper()
		opened := seal(t, of, operator, key, sealed{Blob: made.Blob})
		equal(t, opened.Error, "")
		equal(t, string(opened.Plaintext), string(secret))
	}
	opens(server)
	call(t, owner, "kms", "CreateKeyVersion", map[string]string{"KeyId": key})
	opens(server)
	server.Restart(t)
	owner = connectV2(t, server, root)
	opens(server)

	must(t, owner.DisableKey(key))
	stays := seal(t, server, operator, key, sealed{Blob: made.Blob})
	equal(t, strings.Contains(stays.Error, "Rejected.Disabled"), true)
	call(t, owner, "kms", "EnableKey", map[string]string{"KeyId": key})
	opens(server)
}

func TestTheSealOfVaultAndOpenBaoStaysShutForWhoMayNotUseTheKey(t *testing.T) {
	server := serve(t)
	owner := connectV2(t, server, root)
	key := ok[string](t)(owner.CreateKey())
	made := seal(t, server, root, key, sealed{Plaintext: []byte("what opens the vault")})
	equal(t, made.Error, "")

	reader := makeUser(t, owner, "reader", "AliyunKMSReadOnlyAccess")
	refused := seal(t, server, reader, key, sealed{Blob: made.Blob})
	equal(t, fmt.Sprint(strings.Contains(refused.Error, "Forbidden.NoPermission"), len(refused.Plaintext)), "true 0")
	made.Blob.KeyInfo.WrappedKey[20] ^= 1
	changed := seal(t, server, root, key, sealed{Blob: made.Blob})
	equal(t, fmt.Sprint(changed.Error != "", len(changed.Plaintext)), "true 0")
}

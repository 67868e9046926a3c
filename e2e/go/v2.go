package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	kms "github.com/alibabacloud-go/kms-20160120/v3/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

// v2 is the V2 SDKs: typed clients for ECS and KMS, and the general one under them for RAM and STS.
type v2 struct {
	ecs *ecs.Client
	kms *kms.Client
	any *openapi.Client
}

func connectV2(t *testing.T, server *Server, key Key) Cloud {
	return newV2(t, func() *openapi.Config { return configure(server, key) })
}

func connectV2OverHTTPS(t *testing.T, server *Server, key Key) Cloud {
	ca := server.readCA(t)
	return newV2(t, func() *openapi.Config { return configure(server, key).SetProtocol("HTTPS").SetCa(ca) })
}

func configure(server *Server, key Key) *openapi.Config {
	config := new(openapi.Config).
		SetAccessKeyId(key.ID).
		SetAccessKeySecret(key.Secret).
		SetRegionId(region).
		SetEndpoint(server.Address).
		SetProtocol("HTTP")
	if key.Token != "" {
		config.SetSecurityToken(key.Token)
	}
	return config
}

// newV2 makes the clients, each with a configuration of its own, since some change theirs.
func newV2(t *testing.T, config func() *openapi.Config) Cloud {
	t.Helper()
	return &v2{
		ecs: ok[*ecs.Client](t)(ecs.NewClient(config())),
		kms: ok[*kms.Client](t)(kms.NewClient(config())),
		any: ok[*openapi.Client](t)(openapi.NewClient(config())),
	}
}

func (c *v2) Call(product, action string, parameters map[string]string) (Reply, error) {
	params := new(openapi.Params).
		SetAction(action).SetVersion(versions[product]).SetProtocol("HTTPS").SetPathname("/").SetMethod("POST").
		SetAuthType("AK").SetStyle("RPC").SetReqBodyType("formData").SetBodyType("json")
	query := map[string]*string{}
	for name, value := range parameters {
		query[name] = tea.String(value)
	}
	request := new(openapi.OpenApiRequest).SetQuery(query)
	answer, err := c.any.CallApi(params, request, new(dara.RuntimeOptions))
	if err != nil {
		return nil, understoodV2(err)
	}
	body, isMap := answer["body"].(map[string]interface{})
	if !isMap {
		return nil, fmt.Errorf("%s answered no members: %v", action, answer)
	}
	return body, nil
}

// ECS fills the typed request from JSON, whose names are the vendor's.
func (c *v2) ECS(action string, parameters Members) (Reply, error) {
	text, err := json.Marshal(parameters)
	if err != nil {
		return nil, err
	}
	method := reflect.ValueOf(c.ecs).MethodByName(action)
	request := reflect.New(method.Type().In(0).Elem())
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(request.Interface()); err != nil {
		return nil, err
	}
	results := method.Call([]reflect.Value{request})
	if err, failed := results[1].Interface().(error); failed {
		return nil, understoodV2(err)
	}
	return replyOf(results[0].Elem().FieldByName("Body").Interface())
}

func (c *v2) GetCallerIdentity() (string, error) {
	answer, err := c.Call("sts", "GetCallerIdentity", nil)
	return answer.Text("AccountId"), err
}

func (c *v2) CreateRole(name, trust string) error {
	_, err := c.Call("ram", "CreateRole", map[string]string{"RoleName": name, "AssumeRolePolicyDocument": trust})
	return err
}

func (c *v2) AttachPolicyToRole(policy, role string) error {
	_, err := c.Call("ram", "AttachPolicyToRole", map[string]string{
		"PolicyType": "System", "PolicyName": policy, "RoleName": role,
	})
	return err
}

func (c *v2) OpenKmsService() error {
	_, err := c.kms.OpenKmsService()
	return understoodV2(err)
}

func (c *v2) CreateKey() (string, error) {
	answer, err := c.kms.CreateKey(new(kms.CreateKeyRequest))
	if err != nil {
		return "", understoodV2(err)
	}
	return *answer.Body.KeyMetadata.KeyId, nil
}

func (c *v2) DisableKey(key string) error {
	_, err := c.kms.DisableKey(&kms.DisableKeyRequest{KeyId: &key})
	return understoodV2(err)
}

func (c *v2) DescribeKey(key string) (string, error) {
	answer, err := c.kms.DescribeKey(&kms.DescribeKeyRequest{KeyId: &key})
	if err != nil {
		return "", understoodV2(err)
	}
	return *answer.Body.KeyMetadata.KeyState, nil
}

func (c *v2) EnableDiskEncryptionByDefault(region string) error {
	_, err := c.ecs.EnableDiskEncryptionByDefault(&ecs.EnableDiskEncryptionByDefaultRequest{RegionId: &region})
	return understoodV2(err)
}

func (c *v2) DescribeDiskEncryptionByDefaultStatus(region string) (bool, error) {
	request := &ecs.DescribeDiskEncryptionByDefaultStatusRequest{RegionId: &region}
	answer, err := c.ecs.DescribeDiskEncryptionByDefaultStatus(request)
	if err != nil {
		return false, understoodV2(err)
	}
	return *answer.Body.Encrypted, nil
}

func (c *v2) ModifyDiskDefaultKMSKeyId(region, key string) error {
	request := &ecs.ModifyDiskDefaultKMSKeyIdRequest{RegionId: &region, KMSKeyId: &key}
	_, err := c.ecs.ModifyDiskDefaultKMSKeyId(request)
	return understoodV2(err)
}

func (c *v2) DescribeDiskDefaultKMSKeyId(region string) (string, error) {
	answer, err := c.ecs.DescribeDiskDefaultKMSKeyId(&ecs.DescribeDiskDefaultKMSKeyIdRequest{RegionId: &region})
	if err != nil {
		return "", understoodV2(err)
	}
	return *answer.Body.KMSKeyId, nil
}

func (c *v2) CreateDisk(sizeGiB int, clientToken string) (string, error) {
	request := &ecs.CreateDiskRequest{
		RegionId:     tea.String(region),
		ZoneId:       tea.String(zone),
		DiskCategory: tea.String("cloud_essd"),
		Size:         tea.Int32(int32(sizeGiB)),
	}
	if clientToken != "" {
		request.SetClientToken(clientToken)
	}
	answer, err := c.ecs.CreateDisk(request)
	if err != nil {
		return "", understoodV2(err)
	}
	return *answer.Body.DiskId, nil
}

func (c *v2) DescribeDisks() ([]Disk, error) {
	answer, err := c.ecs.DescribeDisks(&ecs.DescribeDisksRequest{RegionId: tea.String(region)})
	if err != nil {
		return nil, understoodV2(err)
	}
	var disks []Disk
	for _, disk := range answer.Body.Disks.Disk {
		disks = append(disks, Disk{*disk.DiskId, *disk.Status, *disk.KMSKeyId, int(*disk.Size), *disk.Encrypted})
	}
	return disks, nil
}

func (c *v2) DeleteDisk(disk string) error {
	_, err := c.ecs.DeleteDisk(&ecs.DeleteDiskRequest{DiskId: &disk})
	return understoodV2(err)
}

// told is how the clients pass on a message: after its status, before the request's id.
var told = regexp.MustCompile(`^code: \d{3}, (.*) request id: [0-9A-F-]{36}$`)

// understoodV2 is what the server said, where the error is of its saying.
func understoodV2(err error) error {
	var said *tea.SDKError
	if !errors.As(err, &said) || said.StatusCode == nil {
		return err
	}
	return &Refusal{*said.StatusCode, *said.Code, told.ReplaceAllString(*said.Message, "$1")}
}

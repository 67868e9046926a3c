package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ram"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
)

// legacy is the older SDK: one module with a typed client for every product.
type legacy struct {
	ecs *ecs.Client
	kms *kms.Client
	ram *ram.Client
	sts *sts.Client
	any *sdk.Client
}

func connectLegacy(t *testing.T, server *Server, key Key) Cloud {
	return newLegacy(t, server, key, sdk.NewConfig().WithScheme(requests.HTTP))
}

func connectLegacyOverHTTPS(t *testing.T, server *Server, key Key) Cloud {
	transport := &http.Transport{TLSClientConfig: server.Trust(t)}
	return newLegacy(t, server, key, sdk.NewConfig().WithScheme(requests.HTTPS).WithHttpTransport(transport))
}

func newLegacy(t *testing.T, server *Server, key Key, config *sdk.Config) Cloud {
	t.Helper()
	var credential auth.Credential = credentials.NewAccessKeyCredential(key.ID, key.Secret)
	if key.Token != "" {
		credential = credentials.NewStsTokenCredential(key.ID, key.Secret, key.Token)
	}
	c := &legacy{
		ecs: ok[*ecs.Client](t)(ecs.NewClientWithOptions(region, config, credential)),
		kms: ok[*kms.Client](t)(kms.NewClientWithOptions(region, config, credential)),
		ram: ok[*ram.Client](t)(ram.NewClientWithOptions(region, config, credential)),
		sts: ok[*sts.Client](t)(sts.NewClientWithOptions(region, config, credential)),
		any: ok[*sdk.Client](t)(sdk.NewClientWithOptions(region, config, credential)),
	}
	for _, client := range []*sdk.Client{&c.ecs.Client, &c.kms.Client, &c.ram.Client, &c.sts.Client, c.any} {
		client.Domain = server.Address
	}
	return c
}

func (c *legacy) Call(product, action string, parameters map[string]string) (Reply, error) {
	request := requests.NewCommonRequest()
	request.Domain, request.Version, request.ApiName = c.any.Domain, versions[product], action
	request.Scheme = c.any.GetConfig().Scheme
	request.FormParams = parameters
	answer, err := c.any.ProcessCommonRequest(request)
	if err != nil {
		return nil, understoodLegacy(err)
	}
	return parsed(answer.GetHttpContentString())
}

// ECS makes the typed request as the SDK's constructors do, which cannot be found by their names.
func (c *legacy) ECS(action string, parameters Members) (Reply, error) {
	method := reflect.ValueOf(c.ecs).MethodByName(action)
	request := reflect.New(method.Type().In(0).Elem())
	base := new(requests.RpcRequest)
	base.InitWithApiInfo("Ecs", versions["ecs"], action, "ecs", "openAPI")
	base.Method = requests.POST
	request.Elem().FieldByName("RpcRequest").Set(reflect.ValueOf(base))
	fill(request.Elem(), "", parameters)
	results := method.Call([]reflect.Value{request})
	if err, failed := results[1].Interface().(error); failed {
		return nil, understoodLegacy(err)
	}
	return replyOf(results[0].Interface())
}

// fill sets a field. The SDK has lists behind pointers, a structure's members as fields of their own, and all else as text.
func fill(target reflect.Value, name string, value interface{}) {
	field := target.FieldByName(name)
	switch value := value.(type) {
	case Members:
		for member, inner := range value {
			fill(target, name+member, inner)
		}
	case []Members:
		list := reflect.New(field.Type().Elem())
		for _, members := range value {
			item := reflect.New(list.Elem().Type().Elem()).Elem()
			fill(item, "", members)
			list.Elem().Set(reflect.Append(list.Elem(), item))
		}
		field.Set(list)
	case []string:
		field.Set(reflect.ValueOf(&value))
	default:
		field.SetString(fmt.Sprint(value))
	}
}

func (c *legacy) GetCallerIdentity() (string, error) {
	answer, err := c.sts.GetCallerIdentity(sts.CreateGetCallerIdentityRequest())
	return answer.AccountId, understoodLegacy(err)
}

func (c *legacy) CreateRole(name, trust string) error {
	request := ram.CreateCreateRoleRequest()
	request.RoleName, request.AssumeRolePolicyDocument = name, trust
	_, err := c.ram.CreateRole(request)
	return understoodLegacy(err)
}

func (c *legacy) AttachPolicyToRole(policy, role string) error {
	request := ram.CreateAttachPolicyToRoleRequest()
	request.PolicyType, request.PolicyName, request.RoleName = "System", policy, role
	_, err := c.ram.AttachPolicyToRole(request)
	return understoodLegacy(err)
}

func (c *legacy) OpenKmsService() error {
	_, err := c.kms.OpenKmsService(kms.CreateOpenKmsServiceRequest())
	return understoodLegacy(err)
}

func (c *legacy) CreateKey() (string, error) {
	answer, err := c.kms.CreateKey(kms.CreateCreateKeyRequest())
	return answer.KeyMetadata.KeyId, understoodLegacy(err)
}

func (c *legacy) DisableKey(key string) error {
	request := kms.CreateDisableKeyRequest()
	request.KeyId = key
	_, err := c.kms.DisableKey(request)
	return understoodLegacy(err)
}

func (c *legacy) DescribeKey(key string) (string, error) {
	request := kms.CreateDescribeKeyRequest()
	request.KeyId = key
	answer, err := c.kms.DescribeKey(request)
	return answer.KeyMetadata.KeyState, understoodLegacy(err)
}

func (c *legacy) EnableDiskEncryptionByDefault(region string) error {
	request := ecs.CreateEnableDiskEncryptionByDefaultRequest()
	request.RegionId = region
	_, err := c.ecs.EnableDiskEncryptionByDefault(request)
	return understoodLegacy(err)
}

func (c *legacy) DescribeDiskEncryptionByDefaultStatus(region string) (bool, error) {
	request := ecs.CreateDescribeDiskEncryptionByDefaultStatusRequest()
	request.RegionId = region
	answer, err := c.ecs.DescribeDiskEncryptionByDefaultStatus(request)
	return answer.Encrypted, understoodLegacy(err)
}

func (c *legacy) ModifyDiskDefaultKMSKeyId(region, key string) error {
	request := ecs.CreateModifyDiskDefaultKMSKeyIdRequest()
	request.RegionId, request.KMSKeyId = region, key
	_, err := c.ecs.ModifyDiskDefaultKMSKeyId(request)
	return understoodLegacy(err)
}

func (c *legacy) DescribeDiskDefaultKMSKeyId(region string) (string, error) {
	request := ecs.CreateDescribeDiskDefaultKMSKeyIdRequest()
	request.RegionId = region
	answer, err := c.ecs.DescribeDiskDefaultKMSKeyId(request)
	return answer.KMSKeyId, understoodLegacy(err)
}

func (c *legacy) CreateDisk(sizeGiB int, clientToken string) (string, error) {
	request := ecs.CreateCreateDiskRequest()
	request.ClientToken = clientToken
	request.ZoneId, request.DiskCategory, request.Size = zone, "cloud_essd", requests.NewInteger(sizeGiB)
	answer, err := c.ecs.CreateDisk(request)
	return answer.DiskId, understoodLegacy(err)
}

func (c *legacy) DescribeDisks() ([]Disk, error) {
	answer, err := c.ecs.DescribeDisks(ecs.CreateDescribeDisksRequest())
	var disks []Disk
	for _, disk := range answer.Disks.Disk {
		disks = append(disks, Disk{disk.DiskId, disk.Status, disk.KMSKeyId, disk.Size, disk.Encrypted})
	}
	return disks, understoodLegacy(err)
}

func (c *legacy) DeleteDisk(disk string) error {
	request := ecs.CreateDeleteDiskRequest()
	request.DiskId = disk
	_, err := c.ecs.DeleteDisk(request)
	return understoodLegacy(err)
}

// understoodLegacy is what the server said, where the error is of its saying.
func understoodLegacy(err error) error {
	var said *sdkerrors.ServerError
	if !errors.As(err, &said) {
		return err
	}
	return &Refusal{said.HttpStatus(), said.ErrorCode(), said.Message()}
}

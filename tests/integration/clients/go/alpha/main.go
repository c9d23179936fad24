// One pass over the control API v1alpha1 with the last Go SDK of Scaleway that has it: prints what it saw as JSON.
//
// Everything comes from the environment, as in a user's shell: SCW_API_URL, the keys, the project and the region.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	mnq "github.com/scaleway/scaleway-sdk-go/api/mnq/v1alpha1"
	"github.com/scaleway/scaleway-sdk-go/scw"
)

type object = map[string]any

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func done(err error) {
	if err != nil {
		panic(err)
	}
}

// typeOf names the class of an error, with what it is about.
func typeOf(err error) string {
	kind := strings.TrimPrefix(reflect.TypeOf(err).String(), "*scw.")
	switch known := err.(type) {
	case *scw.ResourceNotFoundError:
		return kind + " " + known.Resource
	case *scw.InvalidArgumentsError:
		return kind + " " + known.Details[0].ArgumentName
	case *scw.ResponseError:
		return fmt.Sprint(kind, " ", known.StatusCode)
	}
	return kind
}

func failure[T any](_ T, err error) string {
	return typeOf(err)
}

// same ignores what a reply to a creation has more: the nanoseconds of its times.
func same(made, read *mnq.Namespace) bool {
	created, updated := made.CreatedAt.Truncate(time.Microsecond), made.UpdatedAt.Truncate(time.Microsecond)
	made.CreatedAt, made.UpdatedAt = &created, &updated
	return reflect.DeepEqual(made, read)
}

func namespaces(api *mnq.API, project string) object {
	made := must(api.CreateNamespace(&mnq.CreateNamespaceRequest{Name: "b", Protocol: mnq.NamespaceProtocolNats}))
	read := must(api.GetNamespace(&mnq.GetNamespaceRequest{NamespaceID: made.ID}))
	renamed := must(api.UpdateNamespace(&mnq.UpdateNamespaceRequest{NamespaceID: made.ID, Name: scw.StringPtr("c")}))
	other := must(api.CreateNamespace(&mnq.CreateNamespaceRequest{Name: "a", Protocol: mnq.NamespaceProtocolSqsSns}))
	names := []string{}
	for _, one := range must(api.ListNamespaces(&mnq.ListNamespacesRequest{ProjectID: &project, PageSize: scw.Uint32Ptr(1),
		OrderBy: mnq.ListNamespacesRequestOrderByNameAsc}, scw.WithAllPages())).Namespaces {
		names = append(names, one.Name)
	}
	seen := object{"id": len(made.ID) == 56 && made.ID[0] == 'A', "same": same(made, read), "renamed": renamed.Name,
		"protocols": []string{string(made.Protocol), string(other.Protocol)}, "names": names,
		"endpoint": other.Endpoint, "project": other.ProjectID == project,
		"protocol": failure(api.CreateNamespace(&mnq.CreateNamespaceRequest{Name: "x", Protocol: "pigeons"}))}
	for _, one := range []string{made.ID, other.ID} {
		done(api.DeleteNamespace(&mnq.DeleteNamespaceRequest{NamespaceID: one}))
	}
	seen["gone"] = failure(api.GetNamespace(&mnq.GetNamespaceRequest{NamespaceID: made.ID}))
	seen["short_id"] = failure(api.GetNamespace(&mnq.GetNamespaceRequest{NamespaceID: "short"}))
	return seen
}

func natsCredentials(api *mnq.API) object {
	account := must(api.CreateNamespace(&mnq.CreateNamespaceRequest{Name: "n", Protocol: mnq.NamespaceProtocolNats}))
	keys := must(api.CreateCredential(&mnq.CreateCredentialRequest{NamespaceID: account.ID, Name: "w"}))
	again := must(api.GetCredential(&mnq.GetCredentialRequest{CredentialID: keys.ID}))
	seen := object{"content": strings.HasPrefix(keys.NatsCredentials.Content, "-----BEGIN NATS USER JWT-----\n"),
		"once":     again.NatsCredentials == nil || again.NatsCredentials.Content == "",
		"no_other": keys.SqsSnsCredentials == nil}
	done(api.DeleteNamespace(&mnq.DeleteNamespaceRequest{NamespaceID: account.ID}))
	seen["gone"] = failure(api.GetCredential(&mnq.GetCredentialRequest{CredentialID: keys.ID}))
	return seen
}

func sqsCredentials(api *mnq.API) object {
	account := must(api.CreateNamespace(&mnq.CreateNamespaceRequest{Name: "s", Protocol: mnq.NamespaceProtocolSqsSns}))
	yes, no := scw.BoolPtr(true), scw.BoolPtr(false)
	keys := must(api.CreateCredential(&mnq.CreateCredentialRequest{NamespaceID: account.ID, Name: "w",
		Permissions: &mnq.Permissions{CanPublish: yes, CanReceive: no, CanManage: no}}))
	again := must(api.GetCredential(&mnq.GetCredentialRequest{CredentialID: keys.ID}))
	changed := must(api.UpdateCredential(&mnq.UpdateCredentialRequest{CredentialID: keys.ID, Name: scw.StringPtr("v"),
		Permissions: &mnq.Permissions{CanManage: yes}})).SqsSnsCredentials.Permissions
	listed := must(api.ListCredentials(&mnq.ListCredentialsRequest{NamespaceID: &account.ID})).Credentials
	seen := object{"secret": keys.SqsSnsCredentials.SecretKey != nil && *keys.SqsSnsCredentials.SecretKey != "",
		"once":        again.SqsSnsCredentials.SecretKey == nil,
		"access":      again.SqsSnsCredentials.AccessKey == keys.SqsSnsCredentials.AccessKey,
		"permissions": []bool{*changed.CanPublish, *changed.CanReceive, *changed.CanManage}}
	seen["listed"] = len(listed) == 1 && listed[0].Name == "v" && listed[0].SqsSnsCredentials.AccessKey == keys.SqsSnsCredentials.AccessKey
	done(api.DeleteCredential(&mnq.DeleteCredentialRequest{CredentialID: keys.ID}))
	seen["gone"] = typeOf(api.DeleteCredential(&mnq.DeleteCredentialRequest{CredentialID: keys.ID}))
	done(api.DeleteNamespace(&mnq.DeleteNamespaceRequest{NamespaceID: account.ID}))
	return seen
}

func main() {
	client := must(scw.NewClient(scw.WithEnv()))
	project, _ := client.GetDefaultProjectID()
	api := mnq.NewAPI(client)
	wrong := must(scw.NewClient(scw.WithEnv(), scw.WithAuth(os.Getenv("SCW_ACCESS_KEY"), "11111111-1111-1111-1111-111111111111")))
	seen := object{"namespaces": namespaces(api, project), "nats": natsCredentials(api), "sqs": sqsCredentials(api),
		"denied": failure(mnq.NewAPI(wrong).ListNamespaces(&mnq.ListNamespacesRequest{}))}
	done(json.NewEncoder(os.Stdout).Encode(seen))
}

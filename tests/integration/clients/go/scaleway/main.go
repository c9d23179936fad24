// One pass over the control API v1beta1 with the Go SDK of Scaleway: prints what it saw as JSON.
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

	mnq "github.com/scaleway/scaleway-sdk-go/api/mnq/v1beta1"
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
	case *scw.PreconditionFailedError:
		return kind + " " + known.Precondition
	case *scw.InvalidArgumentsError:
		return kind + " " + known.Details[0].ArgumentName
	case *scw.DeniedAuthenticationError:
		return kind + " " + known.Method
	case *scw.ResponseError:
		return fmt.Sprint(kind, " ", known.StatusCode)
	}
	return kind
}

func failure[T any](_ T, err error) string {
	return typeOf(err)
}

// same ignores what a reply to a creation has more: the nanoseconds of its times.
func same(made, read *mnq.NatsAccount) bool {
	created, updated := made.CreatedAt.Truncate(time.Microsecond), made.UpdatedAt.Truncate(time.Microsecond)
	made.CreatedAt, made.UpdatedAt = &created, &updated
	return reflect.DeepEqual(made, read)
}

func natsAccounts(client *scw.Client) object {
	api := mnq.NewNatsAPI(client)
	made := must(api.CreateNatsAccount(&mnq.NatsAPICreateNatsAccountRequest{Name: "events"}))
	read := must(api.GetNatsAccount(&mnq.NatsAPIGetNatsAccountRequest{NatsAccountID: made.ID}))
	renamed := must(api.UpdateNatsAccount(&mnq.NatsAPIUpdateNatsAccountRequest{NatsAccountID: made.ID, Name: scw.StringPtr("later")}))
	project, _ := client.GetDefaultProjectID()
	second := must(api.CreateNatsAccount(&mnq.NatsAPICreateNatsAccountRequest{Name: "after"}))
	names := []string{}
	for _, one := range must(api.ListNatsAccounts(&mnq.NatsAPIListNatsAccountsRequest{ProjectID: &project,
		PageSize: scw.Uint32Ptr(1), OrderBy: mnq.ListNatsAccountsRequestOrderByNameAsc}, scw.WithAllPages())).NatsAccounts {
		names = append(names, one.Name)
	}
	keys := must(api.CreateNatsCredentials(&mnq.NatsAPICreateNatsCredentialsRequest{NatsAccountID: made.ID, Name: "w"}))
	again := must(api.GetNatsCredentials(&mnq.NatsAPIGetNatsCredentialsRequest{NatsCredentialsID: keys.ID}))
	listed := must(api.ListNatsCredentials(&mnq.NatsAPIListNatsCredentialsRequest{NatsAccountID: &made.ID})).NatsCredentials
	seen := object{"id": len(made.ID) == 56 && made.ID[0] == 'A', "same": same(made, read), "renamed": renamed.Name,
		"moved_on": renamed.UpdatedAt.After(*made.UpdatedAt), "names": names, "file": keys.Credentials.Name,
		"content": strings.HasPrefix(keys.Credentials.Content, "-----BEGIN NATS USER JWT-----\n"),
		"once":    again.Credentials == nil && again.Checksum == keys.Checksum, "listed": len(listed)}
	done(api.DeleteNatsCredentials(&mnq.NatsAPIDeleteNatsCredentialsRequest{NatsCredentialsID: keys.ID}))
	done(api.DeleteNatsAccount(&mnq.NatsAPIDeleteNatsAccountRequest{NatsAccountID: made.ID}))
	done(api.DeleteNatsAccount(&mnq.NatsAPIDeleteNatsAccountRequest{NatsAccountID: second.ID}))
	seen["gone"] = failure(api.GetNatsAccount(&mnq.NatsAPIGetNatsAccountRequest{NatsAccountID: made.ID}))
	seen["credentials_gone"] = failure(api.GetNatsCredentials(&mnq.NatsAPIGetNatsCredentialsRequest{NatsCredentialsID: keys.ID}))
	seen["short_id"] = failure(api.GetNatsAccount(&mnq.NatsAPIGetNatsAccountRequest{NatsAccountID: "short"}))
	return seen
}

func sqsService(client *scw.Client) object {
	api := mnq.NewSqsAPI(client)
	seen := object{"before": must(api.GetSqsInfo(&mnq.SqsAPIGetSqsInfoRequest{})).Status,
		"inactive":    failure(api.DeactivateSqs(&mnq.SqsAPIDeactivateSqsRequest{})),
		"unactivated": failure(api.CreateSqsCredentials(&mnq.SqsAPICreateSqsCredentialsRequest{Name: "early"}))}
	active := must(api.ActivateSqs(&mnq.SqsAPIActivateSqsRequest{}))
	seen["active"] = []string{string(active.Status), active.SqsEndpointURL}
	seen["twice"] = failure(api.ActivateSqs(&mnq.SqsAPIActivateSqsRequest{}))
	yes, no := scw.BoolPtr(true), scw.BoolPtr(false)
	keys := must(api.CreateSqsCredentials(&mnq.SqsAPICreateSqsCredentialsRequest{Name: "w",
		Permissions: &mnq.SqsPermissions{CanPublish: yes, CanReceive: no, CanManage: no}}))
	again := must(api.GetSqsCredentials(&mnq.SqsAPIGetSqsCredentialsRequest{SqsCredentialsID: keys.ID}))
	changed := must(api.UpdateSqsCredentials(&mnq.SqsAPIUpdateSqsCredentialsRequest{SqsCredentialsID: keys.ID,
		Permissions: &mnq.SqsPermissions{CanReceive: yes}}))
	seen["once"] = again.SecretKey == "" && again.SecretChecksum == keys.SecretChecksum && len(keys.SecretKey) == 64
	seen["permissions"] = []bool{*changed.Permissions.CanPublish, *changed.Permissions.CanReceive, *changed.Permissions.CanManage}
	seen["listed"] = must(api.ListSqsCredentials(&mnq.SqsAPIListSqsCredentialsRequest{ProjectID: &keys.ProjectID})).TotalCount
	seen["in_use"] = failure(api.DeactivateSqs(&mnq.SqsAPIDeactivateSqsRequest{}))
	done(api.DeleteSqsCredentials(&mnq.SqsAPIDeleteSqsCredentialsRequest{SqsCredentialsID: keys.ID}))
	seen["gone"] = typeOf(api.DeleteSqsCredentials(&mnq.SqsAPIDeleteSqsCredentialsRequest{SqsCredentialsID: keys.ID}))
	seen["after"] = must(api.DeactivateSqs(&mnq.SqsAPIDeactivateSqsRequest{})).Status
	return seen
}

func snsService(client *scw.Client) object {
	api := mnq.NewSnsAPI(client)
	seen := object{"before": must(api.GetSnsInfo(&mnq.SnsAPIGetSnsInfoRequest{})).Status}
	active := must(api.ActivateSns(&mnq.SnsAPIActivateSnsRequest{}))
	seen["active"] = []string{string(active.Status), active.SnsEndpointURL}
	keys := must(api.CreateSnsCredentials(&mnq.SnsAPICreateSnsCredentialsRequest{Name: "w"}))
	renamed := must(api.UpdateSnsCredentials(&mnq.SnsAPIUpdateSnsCredentialsRequest{SnsCredentialsID: keys.ID, Name: scw.StringPtr("v")}))
	again := must(api.GetSnsCredentials(&mnq.SnsAPIGetSnsCredentialsRequest{SnsCredentialsID: keys.ID}))
	seen["once"] = again.SecretKey == "" && again.SecretChecksum == keys.SecretChecksum && renamed.Name == again.Name
	seen["listed"] = must(api.ListSnsCredentials(&mnq.SnsAPIListSnsCredentialsRequest{ProjectID: &keys.ProjectID})).TotalCount
	done(api.DeleteSnsCredentials(&mnq.SnsAPIDeleteSnsCredentialsRequest{SnsCredentialsID: keys.ID}))
	seen["after"] = must(api.DeactivateSns(&mnq.SnsAPIDeactivateSnsRequest{})).Status
	return seen
}

func main() {
	client := must(scw.NewClient(scw.WithEnv()))
	wrong := must(scw.NewClient(scw.WithEnv(), scw.WithAuth(os.Getenv("SCW_ACCESS_KEY"), "11111111-1111-1111-1111-111111111111")))
	seen := object{"nats": natsAccounts(client), "sqs": sqsService(client), "sns": snsService(client), "queues": queues(client),
		"denied": failure(mnq.NewSqsAPI(wrong).GetSqsInfo(&mnq.SqsAPIGetSqsInfoRequest{}))}
	done(json.NewEncoder(os.Stdout).Encode(seen))
}

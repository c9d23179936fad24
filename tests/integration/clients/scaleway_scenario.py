"""One pass over the control API with the Python SDK of Scaleway; prints what it saw as JSON.

Everything comes from the environment, as in a user's shell after `. dev.env`: SCW_API_URL and the keys.
"""
import json

from scaleway import Client, ScalewayException
from scaleway.mnq import v1beta1

client = Client.from_env()
seen = {}


def status_of(call, **arguments):
    try:
        call(**arguments)
        return 0
    except ScalewayException as error:
        return error.status_code


sqs = v1beta1.MnqV1Beta1SqsAPI(client)
info = sqs.activate_sqs()
seen["enabled"] = str(info.status.value if hasattr(info.status, "value") else info.status)
seen["endpoint"] = info.sqs_endpoint_url
seen["twice"] = status_of(sqs.activate_sqs)
permissions = v1beta1.SqsPermissions(can_publish=True, can_receive=True, can_manage=False)
made = [sqs.create_sqs_credentials(name=f"worker-{i}", permissions=permissions) for i in range(25)]
seen["secret"] = len(made[0].secret_key)
seen["all pages"] = len(sqs.list_sqs_credentials_all(page_size=10))
read = sqs.get_sqs_credentials(sqs_credentials_id=made[0].id)
seen["secret again"] = read.secret_key
seen["checksum kept"] = read.secret_checksum == made[0].secret_checksum
changed = sqs.update_sqs_credentials(sqs_credentials_id=made[0].id, name="renamed",
                                     permissions=v1beta1.SqsPermissions(can_manage=True))
seen["changed"] = [changed.name, changed.permissions.can_manage, changed.permissions.can_publish]
seen["in use"] = status_of(sqs.deactivate_sqs)
for one in made:
    sqs.delete_sqs_credentials(sqs_credentials_id=one.id)
seen["disabled"] = str(getattr(sqs.deactivate_sqs().status, "value", "disabled"))
seen["missing"] = status_of(sqs.get_sqs_credentials, sqs_credentials_id=made[0].id)

sns = v1beta1.MnqV1Beta1SnsAPI(client)
sns.activate_sns()
seen["sns"] = len(sns.create_sns_credentials(name="x").access_key)
for one in sns.list_sns_credentials_all():
    sns.delete_sns_credentials(sns_credentials_id=one.id)
sns.deactivate_sns()

nats = v1beta1.MnqV1Beta1NatsAPI(client)
account = nats.create_nats_account()
seen["named"] = account.name.startswith("mnq-")
credentials = nats.create_nats_credentials(nats_account_id=account.id, name="w")
seen["file"] = [credentials.credentials.name, credentials.credentials.content.startswith("-----BEGIN NATS USER JWT-----\n")]
seen["file again"] = nats.get_nats_credentials(nats_credentials_id=credentials.id).credentials
seen["renamed"] = nats.update_nats_account(nats_account_id=account.id, name="renamed").name
seen["accounts"] = account.id in [one.id for one in nats.list_nats_accounts_all(order_by="name_desc")]
nats.delete_nats_account(nats_account_id=account.id)
seen["gone"] = status_of(nats.get_nats_credentials, nats_credentials_id=credentials.id)
print(json.dumps(seen))

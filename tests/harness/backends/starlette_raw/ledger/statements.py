import os

import boto3
from botocore.config import Config

BUCKET = os.environ["LEDGER_BUCKET"]
# Made at import, with the keys that boto3 finds in the environment.
client = boto3.client(
    "s3",
    endpoint_url=os.environ["LEDGER_STORAGE"],
    config=Config(s3={"addressing_style": "path"}),
)


def store(account, text):
    client.put_object(Bucket=BUCKET, Key=f"statements/{account}.txt", Body=text.encode())


def stored():
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix="statements/")
    return [item["Key"] for item in listed.get("Contents", ())]


def link(account):
    place = {"Bucket": BUCKET, "Key": f"statements/{account}.txt"}
    return client.generate_presigned_url("get_object", Params=place, ExpiresIn=60)

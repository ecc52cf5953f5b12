"""Files in S3 or a compatible storage."""

import pytest


async def test_create_user(client, superuser_headers):
    response = await client.post(
        "/users", json={"email": "ada@example.com"}, headers=superuser_headers
    )
    assert response.status_code == 201
    assert response.json()["is_superuser"] is False


async def test_email_is_unique(client, superuser_headers):
    body = {"email": "ada@example.com"}
    assert (await client.post("/users", json=body, headers=superuser_headers)).status_code == 201
    assert (await client.post("/users", json=body, headers=superuser_headers)).status_code == 409
    assert (await client.get("/users", headers=superuser_headers)).status_code == 200


async def test_list_users_starts_with_the_superuser(client, superuser_headers, reader):
    users = (await client.get("/users", headers=superuser_headers)).json()
    assert [user["email"] for user in users] == ["admin@example.com", "reader@example.com"]


async def test_readers_create_no_users(client, reader):
    response = await client.post(
        "/users", json={"email": "eve@example.com"}, headers={"X-User": reader.email}
    )
    assert response.status_code == 403


@pytest.mark.parametrize("email", ["nobody@example.com", ""])
async def test_unknown_user(client, email):
    assert (await client.get("/users", headers={"X-User": email})).status_code == 401


async def test_delete_user(client, superuser_headers, reader):
    await client.post("/notes", json={"title": "mine"}, headers={"X-User": reader.email})
    response = await client.delete(f"/users/{reader.id}", headers=superuser_headers)
    assert response.status_code == 204
    assert (await client.get("/notes", headers={"X-User": reader.email})).status_code == 401

import asyncio


async def test_create_and_list(client, superuser_headers):
    for title in ("first", "second"):
        response = await client.post("/notes", json={"title": title}, headers=superuser_headers)
        assert response.status_code == 201
    notes = (await client.get("/notes", headers=superuser_headers)).json()
    assert [note["title"] for note in notes] == ["first", "second"]


async def test_notes_are_private(client, superuser_headers, reader):
    await client.post("/notes", json={"title": "secret"}, headers=superuser_headers)
    assert (await client.get("/notes", headers={"X-User": reader.email})).json() == []


async def test_many_at_once(client, superuser_headers):
    responses = await asyncio.gather(
        *(
            client.post("/notes", json={"title": str(number)}, headers=superuser_headers)
            for number in range(8)
        )
    )
    assert {response.status_code for response in responses} == {201}
    assert len((await client.get("/notes", headers=superuser_headers)).json()) == 8

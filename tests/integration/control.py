"""A plain client of the control API: what went over the wire, and nothing more."""
import json
import urllib.error
import urllib.request

import observed


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.text = body.decode()
        self.json = json.loads(body) if body else None


class Control:
    def __init__(self, broker, token=None, region="fr-par"):
        self.url = broker.environment.get("SCW_API_URL", broker.url)
        self.region = region
        self.token = broker.environment["SCW_SECRET_KEY"] if token is None else token
        self.project = broker.environment["SCW_DEFAULT_PROJECT_ID"]

    def __call__(self, method, path, body=None, version="v1beta1", raw=None):
        if not path.startswith("/mnq/"):
            path = f"/mnq/{version}/regions/{self.region}/{path}"
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("X-Auth-Token", self.token)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                observed.control_exchange(method, path, response.status)
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def alpha(self, method, path, body=None):
        return self(method, path, body, version="v1alpha1")

    def ok(self, method, path, body=None, version="v1beta1"):
        answer = self(method, path, body, version)
        assert answer.status == 200, answer.text
        return answer.json

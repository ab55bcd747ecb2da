"""Who may connect, and who may not."""

import json
import subprocess
import unittest

import harness


class EnrolmentTest(harness.SystemTest):

    def test_wrong_token_is_refused_with_a_reason(self):
        fleet = self.fleet()
        admin = fleet.customer()
        token = fleet.token(admin)
        other = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]  # in the secret
        for wrong in ("nonsense", "hzt1.", "hzt1.!!!!", other):
            state, result = fleet.enrol(wrong, "wrong")
            self.assertNotEqual(result.status, 0, wrong)
            self.assertIn("token", result.err.lower())
            self.assertFalse((state / "state.pb").exists())

    def test_used_up_token_is_refused_with_a_reason(self):
        fleet = self.fleet()
        token = fleet.token(fleet.customer(), "--uses", "1")
        _, first = fleet.enrol(token, "first")
        self.assertEqual(first.status, 0, first.err)
        _, second = fleet.enrol(token, "second")
        self.assertNotEqual(second.status, 0)
        self.assertIn("used", second.err)

    def test_expired_token_is_refused_with_a_reason(self):
        fleet = self.fleet()
        token = fleet.token(fleet.customer(), "--expires", "2s", "--uses", "1000")

        def refused():
            _, result = fleet.enrol(token, f"late-{refused.tries}")
            refused.tries += 1
            return result if result.status else None
        refused.tries = 0
        self.assertIn("expired", harness.wait_until(refused, "the token to expire").err)

    def test_a_second_enrolment_of_the_same_state_is_refused(self):
        fleet = self.fleet()
        token = fleet.token(fleet.customer(), "--uses", "5")
        state, first = fleet.enrol(token)
        self.assertEqual(first.status, 0, first.err)
        before = (state / "state.pb").read_bytes()
        _, second = fleet.enrol(token)
        self.assertNotEqual(second.status, 0)
        self.assertEqual((state / "state.pb").read_bytes(), before)

    def test_only_tls_1_3_is_spoken(self):
        fleet = self.fleet()
        for version, works in (("-tls1_2", False), ("-tls1_3", True)):
            done = subprocess.run(["openssl", "s_client", version, "-alpn", "h2", "-connect", fleet.address],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
            shook_hands = b"Cipher    : 0000" not in done.stdout and b"Cipher is (NONE)" not in done.stdout
            self.assertEqual(shook_hands, works, done.stdout + done.stderr)

    def test_openssl_believes_the_host_certificate(self):
        fleet = self.fleet()
        state, enrolled = fleet.enrol(fleet.token(fleet.customer()))
        self.assertEqual(enrolled.status, 0, enrolled.err)
        status = harness.run([harness.AGENT, "status", "--state", state, "--json"]).documents()[0]
        self.assertIn("host_id", status)
        self.assertEqual(oct(state.stat().st_mode & 0o777), "0o700")
        self.assertEqual(oct((state / "state.pb").stat().st_mode & 0o777), "0o600")

    def test_a_credential_of_one_customer_sees_nothing_of_another(self):
        fleet = self.fleet()
        acme = fleet.customer("acme")
        other = fleet.customer("other")
        state, enrolled = fleet.enrol(fleet.token(acme))
        self.assertEqual(enrolled.status, 0, enrolled.err)
        fleet.agent(state)
        host = fleet.host(acme)
        self.assertEqual(fleet.must(["hosts", "--json"], other).documents(), [])
        ordered = fleet.hozen(["collect", host, "--path", "/etc/hostname"], other)
        self.assertNotEqual(ordered.status, 0)
        acquisition = fleet.must(["collect", host, "--path", "/etc/passwd", "--wait", "--json"], acme,
                                 (0, 3)).documents()[-1]["acquisition_id"]
        for command in (["show", acquisition], ["items", acquisition], ["cat", acquisition, "0"],
                        ["export", acquisition, "--format", "zip", "--out", str(self.folder / "stolen.zip")],
                        ["verify", acquisition], ["cancel", acquisition]):
            denied = fleet.hozen(command, other)
            self.assertNotEqual(denied.status, 0, command)
            self.assertNotIn("passwd", denied.text + denied.err)
        self.assertEqual(fleet.must(["search", "--name", "passwd", "--json"], other).documents(), [])
        self.assertFalse((self.folder / "stolen.zip").exists())
        self.assertNotIn(host, fleet.must(["custody", "--all", "--json"], other).text)

    def test_an_analyst_may_read_but_not_order(self):
        fleet = self.fleet()
        admin = fleet.customer()
        credential = self.folder / "ann.credential"
        fleet.must(["operator", "add", "ann", "--role", "analyst", "--out", credential], admin)
        home = self.folder / "ann"
        fleet.must(["login", credential], home)
        state, _ = fleet.enrol(fleet.token(admin))
        fleet.agent(state)
        host = fleet.host(admin)
        fleet.must(["hosts"], home)
        refused = fleet.hozen(["collect", host, "--path", "/etc/hostname"], home)
        self.assertEqual(refused.status, 5, refused.err)
        refused = fleet.hozen(["token", "create"], home)
        self.assertEqual(refused.status, 5, refused.err)
        self.assertNotIn("authority_private_key_pem", {k for k, v in json.loads(credential.read_text()).items() if v})


if __name__ == "__main__":
    harness.main()

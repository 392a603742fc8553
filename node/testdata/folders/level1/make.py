#!/usr/bin/env python3
"""Makes a data folder with a given build of rialto, and writes down what that
build says about it. README.md beside this file says how it was used.

    make.py BINARY WORKDIR

WORKDIR gets data/ (the folder, after a clean stop) and golden.json.
"""
import hashlib, http.client, json, os, signal, subprocess, sys, time

BINARY, WORK = sys.argv[1], sys.argv[2]
HTTP, PEER, GOSSIP, FIX = 18471, 18472, 18473, 18474
SECRETS = {"root": "first", "ops": "second", "t1": "third", "t2": "fourth", "eye": "fifth"}
sha = lambda s: hashlib.sha256(s.encode()).hexdigest()

CONFIG = f"""node_id: n1
cluster_id: yesterday
data_dir: {WORK}/data
http_address: 127.0.0.1:{HTTP}
fix_address: 127.0.0.1:{FIX}
peer_address: 127.0.0.1:{PEER}
gossip_address: 127.0.0.1:{GOSSIP}
bootstrap_key: root:{sha(SECRETS["root"])}
commands:
  deadline: 10s
  dedup_capacity: 1048576
read_models:
  book_checkpoint_events: 1000
initial_cluster:
  - {{id: n1, peer_address: "127.0.0.1:{PEER}"}}
"""


class Venue:
    def __init__(self):
        self.count = 0
        self.connection = None
        self.seen = {}

    def call(self, method, path, body=None, key="root", headers=None):
        for attempt in range(50):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", HTTP, timeout=20)
                h = {"Authorization": f"Bearer {key}.{SECRETS[key]}", "Content-Type": "application/json", **(headers or {})}
                self.connection.request(method, path, None if body is None else json.dumps(body), h)
                r = self.connection.getresponse()
                return r.status, r.read(), r.headers
            except OSError:
                self.connection = None
                time.sleep(0.2)
        raise SystemExit("the node does not answer")

    def do(self, verb, payload, want=200, key="ops", **envelope):
        """Sends one command; an answer that is not expected ends everything."""
        self.count += 1
        envelope.setdefault("command_id", f"c{self.count}")
        status, body, _ = self.call("POST", f"/v1/commands/{verb}", {**envelope, "payload": payload}, key)
        answer = json.loads(body)
        if status != want:
            raise SystemExit(f"{verb} {payload}: {status} {answer}")
        self.seen.setdefault(verb, []).append(status)
        return answer

    def order(self, account, side, quantity, price=None, key="ops", want=200, instrument="BTC-USD", type="limit", envelope=None, **more):
        p = {"account": account, "instrument": instrument, "side": side, "type": type, **more}
        if quantity:
            p["quantity"] = quantity
        if price:
            p["price"] = price
        return self.do("orders/place", p, want, key, **(envelope or {}))

    def probes(self, upto):
        """Fills the log up to an index with entries that change nothing."""
        while self.index() < upto:
            for _ in range(min(200, max(1, upto - self.index()))):
                self.call("GET", "/v1/commands/c1", key="ops")

    def node(self):
        return json.loads(self.call("GET", "/v1/cluster")[1])["nodes"][0]

    def index(self):
        return self.node()["applied_index"]


def instant(ahead):
    t = time.time() + ahead
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + f".{int(t % 1 * 1e6):06d}Z"


def definitions(v):
    v.do("assets/define", {"asset": "USD", "scale": 6, "minor_unit": 2}, key="root", command_type="ASSET")
    v.do("assets/define", {"asset": "BTC", "scale": 8}, key="root")
    v.do("assets/define", {"asset": "BTC", "scale": 8}, key="root")
    v.do("assets/define", {"asset": "ETH", "scale": 8}, key="root")
    v.do("assets/define", {"asset": "OLD", "scale": 0}, key="root")
    v.do("participants/define", {"participant": "OPS", "role": "admin", "keys": [{"id": "ops", "secret_hash": sha(SECRETS["ops"])}]}, key="root")
    v.do("participants/define", {"participant": "EYE", "role": "audit", "keys": [{"id": "eye", "secret_hash": sha(SECRETS["eye"])}]})
    for n in "1", "2":
        p = {"participant": f"T{n}", "role": "trader", "owner": f"own{n}", "accounts": [f"a{n}", f"b{n}"],
             "fix_comp_ids": [f"T{n}-OE", f"T{n}-DC"], "fix_password_hash": sha("x"),
             "keys": [{"id": f"t{n}", "secret_hash": sha(SECRETS[f"t{n}"]), "role": "trader", "max_age_ms": 60000}]}
        v.do("participants/define", p)
        v.do("participants/define", p)
    btc = {"instrument": "BTC-USD", "base": "BTC", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.0001", "min_quantity": "0.0001",
           "max_quantity": "100", "min_notional": "1", "reference_price": "100", "market_protection_bps": "1000"}
    v.do("instruments/define", btc)
    v.do("instruments/define", {**btc, "maker_fee_bps": "-1", "taker_fee_bps": "2.5"})
    v.do("instruments/define", {**btc, "maker_fee_bps": "-1", "taker_fee_bps": "2.5"})
    v.do("instruments/define", {"instrument": "ETH-USD", "base": "ETH", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.001",
                                "reference_price": "10", "price_band_bps": "5000", "phase": "continuous"})
    v.do("instruments/define", {"instrument": "OLD-USD", "base": "OLD", "quote": "USD", "price_tick": "0.01", "quantity_step": "1"})
    v.do("instruments/define", {"instrument": "BAD-USD", "base": "ETH", "quote": "USD", "price_tick": "0.0001", "quantity_step": "0.001"}, 422)
    for n in "1", "2":
        v.do("accounts/open", {"account": f"a{n}", "owner": f"own{n}", "participant": f"T{n}"})
        v.do("accounts/open", {"account": f"b{n}", "owner": f"own{n}", "participant": f"T{n}"})
    v.do("accounts/open", {"account": "a1"}, 409)
    v.do("accounts/open", {"account": "spare"})
    v.do("accounts/open", {"account": "gone"})
    v.do("accounts/close", {"account": "gone"})
    v.do("accounts/open", {"account": "venue:mine"}, 422)


def money(v):
    for a in "a1", "b1", "a2", "b2":
        v.do("accounts/deposit", {"amount": "100000", "asset": "USD", "reference": "first money"}, aggregate_id=a, created_at="2026-05-23T10:00:00.123Z")
        v.do("accounts/deposit", {"account": a, "amount": "1000", "asset": "BTC"})
        v.do("accounts/deposit", {"account": a, "amount_cents": 5000000000, "currency": "ETH"})
    v.do("accounts/withdraw", {"account": "a1", "amount": "12.345678", "asset": "USD"}, key="t1")
    v.do("accounts/withdraw", {"account": "a1", "amount": "1000000", "asset": "USD"}, 422, key="t1")
    v.do("accounts/withdraw", {"account": "a2", "amount": "1", "asset": "USD"}, 403, key="t1")
    v.do("accounts/transfer", {"account": "a1", "to": "b2", "amount": "5", "asset": "USD", "reference": "rent"}, key="t1")
    v.do("accounts/deposit", {"account": "spare", "amount_cents": 1, "currency": "USD"})
    v.do("accounts/close", {"account": "spare"}, 422)
    v.do("accounts/deposit", {"account": "nobody", "amount": "1", "asset": "USD"}, 404)
    v.do("accounts/deposit", {"account": "a1", "amount": "1", "asset": "XXX"}, 404)
    v.order("a1", "buy", "1", "99", want=422)  # no limits yet
    none = {k: "none" for k in ("max_order_quantity", "max_order_notional", "max_open_orders", "max_position", "max_gross_exposure",
                                "max_net_exposure", "max_concentration_bps", "max_orders_per_second")}
    v.do("venue/set-limits", {**none, "max_open_orders": "500"})
    v.do("venue/set-limits", {**none, "max_open_orders": "500"})
    v.do("owners/set-limits", {"owner": "own2", "max_order_notional": "50000"})
    v.do("instruments/set-limits", {"instrument": "BTC-USD", "max_order_quantity": "50"})
    v.do("accounts/set-limits", {"account": "b2", "max_open_orders": "2", "max_position": "2000"})


def trading(v, round):
    o = v.order
    tag = f"r{round}-"
    for a in "a1", "b1", "a2", "b2":
        v.do("orders/cancel-all", {"account": a})
    # Plain orders, partial and full fills, improvement, fees.
    resting = [o("a1", "sell", "0.5", f"{100 + i * 0.25:.2f}", key="t1", client_order_id=f"{tag}ask{i}")["order"]["order_id"] for i in range(8)]
    bids = [o("b2", "buy", "0.4", f"{99 - i * 0.25:.2f}", key="t2")["order"]["order_id"] for i in range(2)]
    o("b2", "buy", "0.4", "98", key="t2", want=422)  # three open orders, two allowed
    o("a2", "buy", "0.75", "100.25", key="t2", envelope={"command_type": "TAKE", "command_id": tag + "take"})
    o("a2", "buy", "0.75", "100.25", key="t2", envelope={"command_id": tag + "take"})  # a repeat
    o("a2", "buy", "0.76", "100.25", key="t2", want=409, envelope={"command_id": tag + "take"})
    # Types and times in force.
    o("a2", "buy", "0.1", type="market", key="t2")
    o("a2", "buy", None, type="market", quote_quantity="25", key="t2")
    o("a2", "buy", "0.2", "101", time_in_force="ioc", key="t2")
    o("a2", "buy", "40", "101", time_in_force="fok", key="t2", want=422)
    o("a2", "buy", "0.3", "101", time_in_force="fok", key="t2")
    o("a2", "buy", "0.1", "98", time_in_force="day", key="t2")
    o("a2", "buy", "0.1", "97", time_in_force="gtd", expire_at=instant(1.5), key="t2", client_order_id=tag + "gtd")
    o("a2", "buy", "0.1", "97", time_in_force="gtd", expire_at=instant(86400 * 365 * 30), key="t2")
    o("a2", "buy", "0.1", "97", time_in_force="gtd", expire_at="2020-01-01T00:00:00Z", key="t2", want=422)
    o("a2", "buy", "0.1", "102", post_only=True, key="t2", want=422)
    o("a2", "buy", "0.1", "98.5", post_only=True, key="t2")
    o("a2", "buy", "0.00001", "98.5", key="t2", want=422)
    o("a2", "buy", "0.1", "98.505", key="t2", want=422)
    o("a2", "buy", "99", "98.5", key="t2", want=422)
    o("a2", "buy", "1", "1000000", key="t2", want=422)
    o("a1", "sell", "0.1", "105", key="t1", want=422, client_order_id=f"{tag}ask7")
    o("a1", "sell", "1", "7", key="t1", instrument="ETH-USD")
    o("a1", "sell", "1", "40", key="t1", instrument="ETH-USD", want=422)
    o("a1", "sell", "1", "7", key="t1", instrument="NO-USD", want=404)
    # Icebergs.
    o("b1", "sell", "5", "100.75", display_quantity="0.5", key="t1")
    o("a2", "buy", "2.2", "100.75", key="t2")
    # Stops: one waits, one falls, one rises, one is refused at its turn.
    o("a2", "buy", "0.1", type="stop", stop_price="300", key="t2")
    o("a1", "sell", "0.1", "90", type="stop_limit", stop_price="99.20", key="t1")
    o("a1", "sell", "0.3", type="stop", stop_price="99.10", key="t1")
    o("b1", "buy", "0.1", type="stop", stop_price="101.25", key="t1")
    o("b1", "buy", "0.1", type="stop", stop_price="90", key="t1", want=422)
    o("b1", "sell", "0.2", type="market", key="t1")
    o("a1", "sell", "0.5", "98.75", key="t1")
    o("a2", "buy", "3", "101.50", key="t2")
    # Self-trades, each mode.
    v.do("orders/cancel-all", {"account": "b2"}, key="t2")
    for mode in ("cancel_newest", "cancel_oldest", "cancel_both", "decrement", "none"):
        o("a2", "buy", "0.5", "96", key="t2", self_trade_prevention=mode)
        o("b2", "sell", "0.2", "96", key="t2", self_trade_prevention=mode)
        v.do("orders/cancel-all", {"account": "b2"}, key="t2")
        o("a2", "sell", "0.7", "95", key="t2", self_trade_prevention=mode)
    # Amends and cancels.
    x = o("a1", "sell", "2", "110", key="t1", client_order_id=tag + "x")["order"]["order_id"]
    v.do("orders/amend", {"order_id": x, "quantity": "1.5"}, key="t1")
    v.do("orders/amend", {"price": "109"}, key="t1", aggregate_id=x, expected_sequence=2)
    v.do("orders/amend", {"price": "109"}, 409, key="t1", aggregate_id=x, expected_sequence=2)
    v.do("orders/amend", {"account": "a1", "client_order_id": tag + "x", "new_client_order_id": tag + "y", "quantity": "3"}, key="t1")
    v.do("orders/amend", {"order_id": x, "price": "90"}, 403, key="t2")
    v.do("orders/amend", {"order_id": x, "price": "96.5"}, key="t1")
    v.do("orders/cancel", {"order_id": resting[7]}, key="t1")
    v.do("orders/cancel", {"order_id": resting[7]}, 422, key="t1")
    v.do("orders/cancel", {"account": "a1", "client_order_id": tag + "ask6"}, key="t1")
    v.do("orders/cancel", {"order_id": "99999999"}, 404)
    v.do("orders/cancel-all", {"account": "b2", "instrument": "BTC-USD", "side": "buy"}, key="t2")
    v.do("orders/cancel-all", {"account": "b2"}, key="t2")
    # valid_until, fences, probes.
    o("a1", "buy", "0.1", "50", want=422, envelope={"valid_until": "2020-01-01T00:00:00Z"})
    o("a1", "buy", "0.1", "50", key="t1", envelope={"valid_until": instant(600)})
    v.call("POST", f"/v1/commands/{tag}take/fence", {}, "t2")
    v.call("POST", f"/v1/commands/{tag}never/fence", {}, "t2")
    o("a2", "buy", "0.1", "50", key="t2", want=409, envelope={"command_id": tag + "never"})
    v.call("GET", f"/v1/commands/{tag}never", key="t2")
    batch = [{"command": "orders/place", "command_id": f"{tag}batch{i}", "payload": {"account": "a1", "instrument": "ETH-USD", "side": side, "type": "limit",
              "quantity": "1", "price": price}} for i, (side, price) in enumerate([("buy", "6"), ("sell", "6"), ("buy", "6.5")])]
    status, body, _ = v.call("POST", "/v1/commands", batch, "t1")
    assert status == 200, body
    # Phases, halts, suspension.
    v.do("instruments/halt", {"instrument": "ETH-USD", "reason": "news"})
    o("a1", "sell", "1", "7", key="t1", instrument="ETH-USD", want=422)
    v.do("instruments/resume", {"instrument": "ETH-USD", "reason": "calm"})
    for phase, want in ("post_only", 422), ("cancel_only", 422), ("closed", 422), ("continuous", 200):
        v.do("instruments/set-phase", {"instrument": "ETH-USD", "phase": phase})
        o("a1", "sell", "1", "5", time_in_force="ioc", key="t1", instrument="ETH-USD", want=want)
    v.do("instruments/set-phase", {"instrument": "ETH-USD", "phase": "continuous"})
    o("b1", "buy", "0.1", "60", key="t1")
    v.do("accounts/suspend", {"account": "b1", "reason": "mistake"}, key="t1")
    o("b1", "buy", "0.1", "60", key="t1", want=422)
    v.do("accounts/resume", {"account": "b1"}, 403, key="t1")
    v.do("accounts/resume", {"account": "b1", "reason": "mended"})
    if round == 1:
        v.do("instruments/retire", {"instrument": "OLD-USD", "reason": "done"})
        o("a1", "sell", "1", "7", key="t1", instrument="OLD-USD", want=422)
    time.sleep(2)  # the gtd order's time comes
    v.call("GET", "/v1/commands/c1", key="ops")


def ask(v, path, key="ops"):
    status, body, _ = v.call("GET", path, key=key)
    return {"path": path, "key": f"{key}.{SECRETS[key]}", "status": status, "body": body.decode()}


def questions(v, first, last):
    """Every kind of query, now (pinned) and in the middle of the past."""
    list_ = []
    for at in last, first:
        q = f"as_of={at}"
        for a in "a1", "b1", "a2", "b2", "spare", "gone", "nobody", "venue:external", "venue:fees":
            for what in "", "/balances", "/balance?asset=BTC", "/orders?limit=1000", "/orders?status=open", "/trades?limit=1000", "/limits":
                list_.append(ask(v, f"/v1/queries/accounts/{a}{what}" + ("&" if "?" in what else "?") + q))
        for path in ("accounts", "owners/own2/limits", "instruments/BTC-USD/limits", "venue/limits", "assets", "assets/BTC", "instruments",
                     "instruments/BTC-USD", "instruments/ETH-USD", "instruments/OLD-USD", "instruments/BTC-USD/book?depth=100",
                     "instruments/ETH-USD/book", "instruments/BTC-USD/trades?limit=1000", "participants", "ledger/trial-balance",
                     "events?after=20&limit=50&order=asc", "events?type=SelfTradePrevented", "events?aggregate_id=BTC-USD&limit=20"):
            list_.append(ask(v, f"/v1/queries/{path}" + ("&" if "?" in path else "?") + q))
    orders = json.loads(ask(v, f"/v1/queries/accounts/a1/orders?limit=40&as_of={last}")["body"])["items"]
    for order in orders[::5]:
        for what in "", "/history", "/fills":
            list_.append(ask(v, f"/v1/queries/orders/{order['order_id']}{what}?as_of={last}"))
    for path in "accounts/a1", "accounts/a2", "instruments/BTC-USD/book", "events?limit=20":
        list_.append(ask(v, f"/v1/queries/{path}" + ("&" if "?" in path else "?") + f"as_of={last}", "t1"))
    for id, key in ("c1", "root"), ("r1-take", "t2"), ("r2-take", "t2"), ("r1-never", "t2"), ("r1-unheard", "t2"), ("r2-batch1", "t1"):
        list_.append(ask(v, f"/v1/commands/{id}", key))
    return list_


def main():
    os.makedirs(WORK, exist_ok=True)
    with open(f"{WORK}/config.yaml", "w") as f:
        f.write(CONFIG)
    log = open(f"{WORK}/log", "w")
    p = subprocess.Popen([BINARY, "serve", "--config", f"{WORK}/config.yaml"], stdout=log, stderr=log)
    v, hashes = Venue(), {}

    def note():
        n = v.node()
        hashes[str(n["state_hash_index"])] = n["state_hash"]

    try:
        while v.call("GET", "/readyz")[0] != 200:
            time.sleep(0.1)
        definitions(v)
        money(v)
        trading(v, 1)
        v.probes(4096 + 40)
        note()
        trading(v, 2)
        first = v.node()["sequence"] // 2
        status, body, _ = v.call("POST", "/v1/admin/snapshot", {}, "ops")
        assert status == 200, body
        snapshot = v.index()
        v.probes(8192 - 150)
        trading(v, 3)
        v.probes(8192 + 20)
        note()
        trading(v, 4)
        n = v.node()
        last = n["sequence"]
        answers = questions(v, first, last)
        export = subprocess.run([BINARY, "events", "export", "--server", f"http://127.0.0.1:{HTTP}", "--key", f"ops.{SECRETS['ops']}", "--until", str(last)],
                                check=True, capture_output=True).stdout
        golden = {"version": subprocess.run([BINARY, "version"], capture_output=True).stdout.decode().strip(), "history": v.call("GET", "/v1/queries/assets")[2]["Rialto-History"],
                  "sequence": last, "index": v.index(), "snapshot_about": snapshot, "hashes": hashes,
                  "export": {"count": export.count(b"\n"), "sha256": hashlib.sha256(export).hexdigest()}, "answers": answers}
        with open(f"{WORK}/golden.json", "w") as f:
            json.dump(golden, f, indent=1, ensure_ascii=False)
        print({k: golden[k] for k in golden if k != "answers"}, len(answers), {a["status"] for a in answers}, sorted(v.seen))
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait()


main()

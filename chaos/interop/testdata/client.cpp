// A trader with C++ QuickFIX: it logs on, sends limit orders, each pair of
// which trades, counts what comes, and says on each line how far it is. It ends
// when every order is answered and every trade reported.
//
//   client SETTINGS ORDERS ACCOUNT RUN PASSWORD

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>
#include <quickfix/fix44/NewOrderSingle.h>

class Trader : public FIX::NullApplication {
public:
  explicit Trader(std::string password) : password(std::move(password)) {}

  std::atomic<int> logons{0};
  std::atomic<bool> up{false};

  void onLogon(const FIX::SessionID &) override {
    ++logons;
    up = true;
  }
  void onLogout(const FIX::SessionID &) override { up = false; }

  void toAdmin(FIX::Message &message, const FIX::SessionID &id) override {
    FIX::MsgType type;
    message.getHeader().getField(type);
    if (type == FIX::MsgType_Logon) {
      message.setField(FIX::Username(id.getSenderCompID().getValue()));
      message.setField(FIX::Password(password));
    }
    if (type == FIX::MsgType_Reject) { // of something that the venue sent
      std::cerr << message << std::endl;
      std::lock_guard<std::mutex> lock(mutex);
      ++others;
    }
  }

  void fromApp(const FIX::Message &message, const FIX::SessionID &)
      throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) override {
    FIX::MsgType type;
    message.getHeader().getField(type);
    std::lock_guard<std::mutex> lock(mutex);
    if (type != FIX::MsgType_ExecutionReport) {
      ++others;
      return;
    }
    FIX::ExecID exec;
    FIX::ExecType kind;
    FIX::ClOrdID order;
    message.getField(exec);
    message.getField(kind);
    message.getField(order);
    if (!execs.insert(exec.getValue()).second) ++twice;
    if (kind == FIX::ExecType_NEW) answered.insert(order.getValue());
    if (kind == FIX::ExecType_TRADE) ++trades;
    if (kind == FIX::ExecType_REJECTED) ++rejected;
  }

  void fromAdmin(const FIX::Message &message, const FIX::SessionID &)
      throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::RejectLogon) override {
    FIX::MsgType type;
    message.getHeader().getField(type);
    if (type == FIX::MsgType_Reject) {
      std::lock_guard<std::mutex> lock(mutex);
      ++others;
    }
  }

  struct Seen { int answered, trades, twice, rejected, others; };
  Seen seen() {
    std::lock_guard<std::mutex> lock(mutex);
    return {int(answered.size()), trades, twice, rejected, others};
  }

private:
  std::string password;
  std::mutex mutex;
  std::set<std::string> execs, answered;
  int trades = 0, twice = 0, rejected = 0, others = 0;
};

static FIX44::NewOrderSingle orderOf(const std::string &run, int number, const std::string &account) {
  FIX44::NewOrderSingle order(
      FIX::ClOrdID(run + "-" + std::to_string(number)), FIX::Side(number % 2 ? FIX::Side_SELL : FIX::Side_BUY),
      FIX::TransactTime(), FIX::OrdType(FIX::OrdType_LIMIT));
  order.set(FIX::Account(account));
  order.set(FIX::Symbol("BTC-USD"));
  order.set(FIX::OrderQty(0.0001));
  order.set(FIX::Price(60000));
  order.set(FIX::TimeInForce(FIX::TimeInForce_GOOD_TILL_CANCEL));
  order.setField(25001, "1"); // an account may trade with itself
  return order;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    std::cerr << "client SETTINGS ORDERS ACCOUNT RUN PASSWORD" << std::endl;
    return 2;
  }
  const int orders = std::atoi(argv[2]);
  const std::string account = argv[3], run = argv[4];
  try {
    FIX::SessionSettings settings(argv[1]);
    const FIX::SessionID id = *settings.getSessions().begin();
    Trader trader(argv[5]);
    FIX::FileStoreFactory store(settings);
    FIX::SocketInitiator initiator(trader, store, settings);
    initiator.start();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    Trader::Seen seen{};
    for (int sent = 0; std::chrono::steady_clock::now() < deadline;) {
      if (sent < orders && trader.up) {
        FIX44::NewOrderSingle order = orderOf(run, sent++, account);
        FIX::Session::sendToTarget(order, id);
      }
      seen = trader.seen();
      std::cout << "answered " << seen.answered << std::endl;
      if (seen.answered == orders && seen.trades == orders) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10)); // a hundred orders a second
    }
    std::cout << "end {\"answered\":" << seen.answered << ",\"trades\":" << seen.trades << ",\"twice\":" << seen.twice
              << ",\"rejected\":" << seen.rejected << ",\"others\":" << seen.others << ",\"logons\":" << trader.logons << "}" << std::endl;
    initiator.stop();
    return 0;
  } catch (const std::exception &e) {
    std::cerr << e.what() << std::endl;
    return 1;
  }
}

-- Orders that rest, each cancelled by a later request, under ids of their own.
local threads = 0
function setup(thread) threads = threads + 1; thread:set("number", threads) end

local lag = 100 -- requests between an order and its cancel: by then it is there
local headers = { ["Content-Type"] = "application/json" }

function init()
  math.randomseed(os.time() * 1000 + number)
  run = string.format("w%d-%d-%x", number, os.time() % 100000, math.random(0, 0xffffff))
  n = 0
end

function request()
  n = n + 1
  if n % 2 == 0 and n > 2 * lag then
    return wrk.format("POST", "/v1/commands/orders/cancel", headers, string.format(
      '{"command_id":"%s-c%d","payload":{"account":"trader1","client_order_id":"%s-%d"}}', run, n, run, n - 2 * lag - 1))
  end
  return wrk.format("POST", "/v1/commands/orders/place", headers, string.format(
    '{"command_id":"%s-p%d","payload":{"account":"trader1","instrument":"AAPL-USD","side":"buy","type":"limit",'
    .. '"time_in_force":"gtc","price":"%d.00","quantity":"1","client_order_id":"%s-%d"}}', run, n, 500 + n % 20, run, n))
end

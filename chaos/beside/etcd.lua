-- Puts through etcd's JSON gateway, each of its own key, with 128 bytes.
local threads = 0
function setup(thread) threads = threads + 1; thread:set("number", threads) end

local value = string.rep("A", 172)
local headers = { ["Content-Type"] = "application/json" }
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- base64 of a text whose length is a multiple of three.
local function base64(text)
  local out = {}
  for i = 1, #text - 2, 3 do
    local a, b, c = text:byte(i, i + 2)
    local v = a * 65536 + b * 256 + c
    for _, unit in ipairs({ 262144, 4096, 64, 1 }) do
      local at = math.floor(v / unit) % 64 + 1
      out[#out + 1] = alphabet:sub(at, at)
    end
  end
  return table.concat(out)
end

function init() n = 0 end

function request()
  n = n + 1
  return wrk.format("POST", "/v3/kv/put", headers,
    '{"key":"' .. base64(string.format("%04d-%010d", number, n)) .. '","value":"' .. value .. '"}')
end

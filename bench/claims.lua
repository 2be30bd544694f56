-- Claims for wrk. Requests go out for WINDOW seconds; then every connection falls silent and what is in flight is
-- answered, so that accepted answers can be counted against rows exactly.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } instant; int clock_gettime(int, instant *);")
local instant = ffi.new("instant")
local function now()
  ffi.C.clock_gettime(1, instant) -- CLOCK_MONOTONIC
  return tonumber(instant.seconds) + tonumber(instant.nanoseconds) / 1e9
end

local window = tonumber(os.getenv("WINDOW"))
local name = os.getenv("NAME")
local spread = tonumber(os.getenv("SPREAD"))   -- 1: one coupon; k: k coupons in turn; 0: each request its own
local offset = tonumber(os.getenv("OFFSET"))   -- first coupon of those that are claimed once
local prefix = os.getenv("PREFIX")
local user = os.getenv("HOLDER")               -- empty: each request another user
local threads = {}

wrk.method = "POST"
wrk.headers["content-type"] = "application/json"

function setup(thread)
  thread:set("place", #threads)
  table.insert(threads, thread)
end

function init()
  sent = 0
  started = 0
end

function delay()
  if started == 0 then
    started = now()
    sent = 0 -- wrk asks once for a request that it never sends
  end
  if now() - started > window then return 3600000 end
  return 0
end

function request()
  local coupon = name
  if spread == 0 then coupon = name .. (offset + sent * 2 + place) end
  if spread > 1 then coupon = name .. (sent % spread) end
  local who = user
  if who == "" then who = prefix .. place .. "_" .. sent end
  sent = sent + 1
  return wrk.format(nil, nil, nil, '{"user_id":"' .. who .. '","coupon_name":"' .. coupon .. '"}')
end

function done(summary, latency)
  local counts = {}
  for _, thread in ipairs(threads) do table.insert(counts, thread:get("sent")) end
  local errors = summary.errors
  io.write(string.format(
    '\n{"answered":%d,"refused":%d,"broken":%d,"p50":%.3f,"p99":%.3f,"sent":[%s]}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, table.concat(counts, ",")))
end

-- Claims for wrk. Requests go out for WINDOW seconds; then every connection falls silent and what is in flight is
-- answered, so that accepted answers can be counted against rows exactly. A thread says "drained" when all came back.
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds; long nanoseconds; } instant; int clock_gettime(int, instant *);")
local instant = ffi.new("instant")
local function now()
  ffi.C.clock_gettime(1, instant) -- CLOCK_MONOTONIC
  return tonumber(instant.seconds) + tonumber(instant.nanoseconds) / 1e9
end

local function number(name) return tonumber(os.getenv(name)) end

local window = number("WINDOW")
local connections = number("CONNECTIONS") -- of this thread
local limit = number("LIMIT")             -- requests of this thread at most
local name = os.getenv("NAME")
local spread = number("SPREAD")           -- 1: one coupon; k: k coupons in turn; 0: each request its own
local offset = number("OFFSET")           -- first coupon of those that are claimed once
local step = number("THREADS")
local prefix = os.getenv("PREFIX")
local user = os.getenv("HOLDER")          -- empty: each request another user
local silent = 3600000
local threads = {}

wrk.method = "POST"
wrk.headers["content-type"] = "application/json"

function setup(thread)
  thread:set("place", #threads)
  table.insert(threads, thread)
end

function init()
  calls, permits, sent, timely = 0, 0, 0, 0
  started, lasted = 0, 0 -- lasted: seconds until no more was permitted
end

-- wrk calls this for each connection once it is open, and after each answer.
function delay()
  if started == 0 then
    started = now()
    sent = 0 -- wrk asks once for a request that it never sends
  end
  calls = calls + 1
  if lasted == 0 then
    local elapsed = now() - started
    if elapsed > window then
      lasted = window
    else
      timely = calls - connections
      if permits == limit then lasted = elapsed end
    end
    if lasted == 0 then
      permits = permits + 1
      return 0
    end
  end
  if calls - connections == permits then
    io.write("drained\n")
    io.flush()
  end
  return silent
end

function request()
  local coupon = name
  if spread == 0 then coupon = name .. (offset + sent * step + place) end
  if spread > 1 then coupon = name .. (sent % spread) end
  local who = user
  if who == "" then who = prefix .. place .. "_" .. sent end
  sent = sent + 1
  return wrk.format(nil, nil, nil, '{"user_id":"' .. who .. '","coupon_name":"' .. coupon .. '"}')
end

function done(summary, latency)
  local each = {}
  for _, thread in ipairs(threads) do
    table.insert(each, string.format('{"sent":%d,"timely":%d,"seconds":%.6f}',
      thread:get("sent"), thread:get("timely"), thread:get("lasted")))
  end
  local errors = summary.errors
  io.write(string.format(
    '\n{"answered":%d,"refused":%d,"broken":%d,"p50Us":%.0f,"p99Us":%.0f,"threads":[%s]}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), table.concat(each, ",")))
end

-- Checkouts, and purchases with the codes that they answer, for wrk. A thread has so many checkouts to make, in at most
-- WINDOW seconds; then what is in flight is answered, bought with, and answered again. It says "drained" when all came
-- back. wrk does not tell which connection asks: a code goes out on the next one that is free, which as a rule is its own.
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
local checkouts = number("CHECKOUTS")     -- of this thread
local users = number("USERS")             -- of this thread, in turn
local items = number("ITEMS")             -- of the sale
local crowd = os.getenv("CROWD") == "1"   -- each thread goes for all items in random order, else for its own, each once
local buys = os.getenv("BUYS") == "1"
local sale = os.getenv("SALE")            -- its number: the beginning of its items' ids
local prefix = os.getenv("PREFIX")
local silent = 3600000
local threads = {}

function setup(thread)
  thread:set("place", #threads)
  table.insert(threads, thread)
end

-- Put together by hand: wrk.format costs more than the rest of a request.
local tail
local function post(path) return "POST " .. path .. tail end

local wanted = {}
local codes = {}
local first, last -- places of the codes that wait

local function begin()
  calls, permits, sent, asked = 0, 0, 0, 0
  held, bought, unavailable, limited, strange = 0, 0, 0, 0, 0
  started, lasted = 0, 0 -- lasted: seconds until all was answered
  first, last = 1, 0
end

function init()
  begin()
  tail = " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\n\r\n"
  if not crowd then return end
  math.randomseed(place + 1)
  for k = 1, checkouts do wanted[k] = (k - 1) % items + 1 end
  for k = checkouts, 2, -1 do
    local other = math.random(k)
    wanted[k], wanted[other] = wanted[other], wanted[k]
  end
end

-- wrk calls this for each connection once it is open, and after each answer.
function delay()
  if started == 0 then
    begin() -- wrk asks once for a request that it never sends
    started = now()
  end
  calls = calls + 1
  local left = last - first + 1
  if now() - started <= window then left = left + checkouts - asked end
  if left > permits - sent then
    permits = permits + 1
    return 0
  end
  if calls - connections == permits then
    lasted = now() - started
    io.write("drained\n")
    io.flush()
  end
  return silent
end

function request()
  sent = sent + 1
  if first <= last then
    local code = codes[first]
    codes[first] = nil
    first = first + 1
    return post("/purchase?code=" .. code)
  end
  local n = crowd and wanted[asked + 1] or place * checkouts + asked + 1
  local path = string.format("/checkout?user_id=%s%d_%d&id=%s%06d", prefix, place, asked % users, sale, n)
  asked = asked + 1
  return post(path)
end

function response(status, _, body)
  if status == 200 then
    local code = string.match(body, '^{"code":"([^"]+)"')
    if code then
      held = held + 1
      if buys then
        last = last + 1
        codes[last] = code
      end
    else
      bought = bought + 1
    end
  elseif status == 412 then
    unavailable = unavailable + 1
  elseif status == 429 then
    limited = limited + 1
  else
    strange = strange + 1
    if strange == 1 then io.stderr:write(status, " ", body, "\n") end
  end
end

function done(summary, latency)
  local each = {}
  for _, thread in ipairs(threads) do
    local function got(name) return thread:get(name) end
    table.insert(each, string.format(
      '{"sent":%d,"held":%d,"bought":%d,"unavailable":%d,"limited":%d,"strange":%d,"seconds":%.6f}',
      got("sent"), got("held"), got("bought"), got("unavailable"), got("limited"), got("strange"), got("lasted")))
  end
  local errors = summary.errors
  io.write(string.format('\n{"answered":%d,"broken":%d,"p50Us":%.0f,"p99Us":%.0f,"threads":[%s]}\n',
    summary.requests, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), table.concat(each, ",")))
end

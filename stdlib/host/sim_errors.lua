-- sim_errors.lua - the errors that AWS gives, as the simulator raises them.
--
-- Owns: HTTP statuses of codes, messages that several operations share, and the form of an
-- error. An operation raises `errors.raise(code, message)`; sim.lua makes the answer.
local errors = {}

local STATUS = {
    UnauthorizedOperation = 403, DryRunOperation = 412, AccessDenied = 403,
    RequestLimitExceeded = 503, Unavailable = 503, ServiceUnavailable = 503, SlowDown = 503,
    InternalError = 500, InternalFailure = 500, ["AWS.SimpleQueueService.InternalError"] = 500,
    InvalidClientTokenId = 403, SignatureDoesNotMatch = 403, RequestTimeout = 408,
}

local RETRYABLE = {
    RequestLimitExceeded = true, Throttling = true, ThrottlingException = true,
    ["Client.RequestLimitExceeded"] = true, EC2ThrottledException = true, SlowDown = true,
    RequestThrottled = true, TooManyRequestsException = true, InternalError = true,
    InternalFailure = true, Unavailable = true, ServiceUnavailable = true,
    ConcurrentTagAccess = true, RequestTimeout = true,
}

-- {code, message, status, retryable}
function errors.make(code, message, status)
    return { code = code, message = message or code, status = status or STATUS[code] or 400,
             retryable = RETRYABLE[code] or false }
end

function errors.raise(code, message, ...)
    if select("#", ...) > 0 then message = message:format(...) end
    error(errors.make(code, message), 0)
end

function errors.missing(name)
    errors.raise("MissingParameter", "The request must contain the parameter %s", name)
end

function errors.invalid(message, ...)
    errors.raise("InvalidParameterValue", message, ...)
end

function errors.bad_value(name, value, why)
    errors.raise("InvalidParameterValue", "Value (%s) for parameter %s is invalid. %s",
                 tostring(value), name, why or "")
end

function errors.depends(message, ...)
    errors.raise("DependencyViolation", message, ...)
end

return errors

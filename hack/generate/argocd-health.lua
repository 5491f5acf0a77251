-- The health of ScimIntegration, ScimTenant and ScimGroupBinding. All three follow kstatus: they
-- report status.observedGeneration, and the conditions Reconciling and Stalled only while True.
local hs = { status = "Progressing", message = "Waiting for the operator" }

local annotations = obj.metadata.annotations or {}
if obj.kind == "ScimIntegration" and annotations["scim-operator.dev/reconcile"] == "disabled" then
  hs.status = "Suspended"
  hs.message = "Paused by the annotation scim-operator.dev/reconcile"
  return hs
end

local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return hs
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local stalled, reconciling, ready = conditions.Stalled, conditions.Reconciling, conditions.Ready
if reconciling ~= nil and reconciling.status == "True" then
  hs.message = reconciling.message
elseif stalled ~= nil and stalled.status == "True" then
  hs.status = "Degraded"
  hs.message = stalled.message
elseif ready ~= nil and ready.status == "True" then
  hs.status = "Healthy"
  hs.message = ready.message
elseif ready ~= nil and ready.status == "False" then
  hs.status = "Degraded"
  hs.message = ready.message
end
return hs

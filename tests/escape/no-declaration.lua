-- A file that declares nothing.
-- expect: error must end with: return playbook
return {}

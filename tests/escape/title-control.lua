-- Control characters go to the host as they are; escaping is the host's.
-- expect: done
return playbook {
  api = 1, name = "title-control", summary = "hostile",
  run = function(args, step)
    step("\27[2J\27]0;owned\7\r\n\0 \u{202e}", function() log("\27[31m\0") end)
  end,
}

-- Neovim as a client: opens the file it was started with, edits it, and writes what it saw as JSON.
-- The environment variable CODEODDS_TASK says how, as JSON: command of the server, seed, edits, file for the result.
local task = vim.fn.json_decode(vim.env.CODEODDS_TASK)
local seen = {}

local function check(condition, what)
  if not vim.wait(30000, condition, 10) then
    seen.failure = "waited too long for " .. what
    vim.fn.writefile({ vim.fn.json_encode(seen) }, task.result)
    vim.cmd("cquit")
  end
end

local function request(method, params)
  local answers, problem = vim.lsp.buf_request_sync(0, method, params, 30000)
  assert(answers, problem)
  local _, answer = next(answers)
  assert(answer.result, vim.inspect(answer.err))
  return answer.result
end

local function score()
  return request("codeodds/score", { textDocument = { uri = vim.uri_from_bufnr(0) } })
end

vim.bo.filetype = "python"
vim.bo.undolevels = 1000
local client = vim.lsp.start_client({
  name = "codeodds",
  cmd = task.command,
  init_options = { debounce_ms = 10 },
  on_exit = function(code) seen.exit = code end,
})
vim.lsp.buf_attach_client(0, client)

local function diagnostics()
  return vim.tbl_map(function(found)
    return { line = found.lnum, column = found.col, code = found.code, severity = found.severity, source = found.source }
  end, vim.diagnostic.get(0))
end

check(function() return #vim.diagnostic.get(0) > 0 end, "diagnostics")
seen.first = diagnostics()

-- Repaired, then undone: the diagnostics go and come back.
vim.cmd("silent %s/BUG/🎉🎉 + 1/")
check(function() return #vim.diagnostic.get(0) == 0 end, "no diagnostics")
vim.cmd("silent undo")
check(function() return #vim.diagnostic.get(0) > 0 end, "diagnostics after undo")
seen.again = diagnostics()

seen.hover = request("textDocument/hover", vim.lsp.util.make_position_params()).contents
seen.offset_encoding = vim.lsp.get_client_by_id(client).offset_encoding

-- Whatever keys do: insertions behind emoji, deletions across functions, joined lines, undo and redo.
math.randomseed(task.seed)
local keys = { "iBUG", "a🎉", "oé = 1", "O    return BUG", "dd", "3dd", "x", "J", "yyP", "u", "5u", "A + '🎉' #", ">>", "D", "~", "cwif" }
for _ = 1, task.edits do
  vim.api.nvim_win_set_cursor(0, { math.random(vim.api.nvim_buf_line_count(0)), math.random(0, 12) })
  vim.cmd("silent! normal! " .. keys[math.random(#keys)])
  if math.random() < 0.05 then vim.wait(5) end
end
vim.api.nvim_buf_set_lines(0, 0, 0, false, { "def added(a):", "    return '🎉' + BUG + a", "" })
seen.score = score()
seen.text = vim.api.nvim_buf_get_lines(0, 0, -1, false)
seen.version = vim.lsp.util.buf_versions[vim.api.nvim_get_current_buf()]

vim.lsp.stop_client(client)
check(function() return seen.exit ~= nil end, "the server's end")
vim.fn.writefile({ vim.fn.json_encode(seen) }, task.result)
vim.cmd("qall!")

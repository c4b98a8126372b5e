package inventory

import "testing"

// TestScripts: a program in Python may name its own dependencies (PEP 723).
func TestScripts(t *testing.T) {
	script := func(lines string) files { return files{"a.py": lines} }
	testKinds(t, kindCases{
		"dependencies":      {"a.py", script("#!/usr/bin/env -S uv run\n# /// script\n# requires-python = \">=3.11\"\n# dependencies = [\n#   \"requests<3\", # a comment\n#   'Rich[x]==13.0',\n# ]\n# ///\nimport a\n"), []string{"requests (<3)", "Rich 13.0"}},
		"Windows":           {"a.py", script("\ufeff# /// script\r\n# dependencies = [\"a==1\"]\r\n# ///\r\n"), []string{"a 1"}},
		"below code":        {"a.py", script("\"\"\"Text.\"\"\"\nimport a\n\n# /// script\n#\n# dependencies = [\"a==1\"]\n# ///\n"), []string{"a 1"}},
		"from a path":       {"a.py", script("# /// script\n# dependencies = [\"a\", \"b\", \"c @ git+https://e/x.git\"]\n# [tool.uv.sources]\n# a = { path = \"../a\" }\n# b = { git = \"https://e/b\" }\n# ///\n"), []string{"a own", "b git", "c git"}},
		"another block":     {"a.py", script("# /// other\n# dependencies = [\"a==1\"]\n# ///\n"), []string{}},
		"not a block":       {"a.py", script("x = '''\n # /// script\n'''\n# dependencies = [\"a==1\"]\n"), []string{}},
		"a later end":       {"a.py", script("# /// script\n# dependencies = [\n# # a\n# ///\n# ]\n# ///\n"), []string{"error: the metadata of the script: invalid TOML: toml: line 4: expected '.' or '=', but got '/' instead"}},
		"without an end":    {"a.py", script("# /// script\n# dependencies = [\"a==1\"]\nimport a\n# ///\n"), []string{"error: the metadata of the script, which begins in line 1, has no end: " + errNotWhole.Error()}},
		"cut off":           {"a.py", script("# /// script\n# dependencies = ["), []string{"error: the metadata of the script, which begins in line 1, has no end: " + errNotWhole.Error()}},
		"not a requirement": {"a.py", script("# /// script\n# dependencies = [\"a b\"]\n# ///\n"), []string{`error: the dependency "a b" of the script is not a requirement`}},
		"two blocks":        {"a.py", script("# /// script\n# ///\n\n# /// script\n# ///\n"), []string{"error: line 4 begins a second block of metadata of the script"}},
		"with a lock file":  {"a.py", files{"a.py": "# /// script\n# dependencies = [\"a>1\", \"b==2\"]\n# ///\n", "a.py.lock": "version = 1\n"}, []string{"b 2"}},
		"no dependencies":   {"a.py", script("# /// script\n# requires-python = \"3\"\n# ///\n"), []string{}},
	})
}

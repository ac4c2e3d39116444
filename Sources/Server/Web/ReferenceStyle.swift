// The page's style sheet: readable on a phone, in the dark and on paper; the reader's own fonts. Constant.

enum ReferenceStyle {
    static let text = """
        :root { color-scheme: light dark; --line: #d0d4da; --soft: #5b6470; --shade: #f4f6f8; --link: #0b57d0; }
        @media (prefers-color-scheme: dark) {
          :root { --line: #3a414b; --soft: #a2abb7; --shade: #1c2128; --link: #8ab4f8; }
          body { background: #12161b; color: #e4e8ee; }
        }
        * { box-sizing: border-box; }
        html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
        body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.55 system-ui, sans-serif; }
        h1, h2, h3, h4, h5 { line-height: 1.25; margin: 1.6em 0 .5em; }
        h1 { margin-top: .5em; }
        h2 { border-bottom: 1px solid var(--line); padding-bottom: .2em; }
        h4 { font-size: 1.05rem; overflow-wrap: anywhere; }
        h5 { font-size: .95rem; }
        a { color: var(--link); }
        a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        code, pre { font: .9em/1.45 ui-monospace, monospace; }
        code { overflow-wrap: anywhere; }
        pre { background: var(--shade); border: 1px solid var(--line); border-radius: .4rem; }
        pre { overflow-x: auto; padding: .8rem; }
        pre code { font-size: .85rem; overflow-wrap: normal; }
        .copy { user-select: all; }
        nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; }
        article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: 0 1rem 1rem; }
        article h3, article h4 { margin-top: 1em; }
        .method { background: var(--link); border-radius: .3rem; color: #fff; padding: .1em .4em; }
        .members { margin: .3rem 0; }
        .members dt { margin-top: .7rem; }
        .members dd { border-left: 2px solid var(--line); margin: .2rem 0 0; padding-left: .9rem; }
        .members p, .inner p { margin: .2rem 0; }
        .inner { border-left: 2px solid var(--line); margin: .3rem 0; padding-left: .9rem; }
        .kind, .optional, .bounds { color: var(--soft); font-size: .9rem; }
        .bounds { display: flex; flex-wrap: wrap; gap: 0 1rem; list-style: none; margin: .1rem 0; padding: 0; }
        .optional { font-style: italic; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem .4rem 0; }
        th, td { text-align: left; vertical-align: top; }
        td code { overflow-wrap: normal; }
        @media (prefers-color-scheme: dark) { .method { color: #10141a; } }
        """
}

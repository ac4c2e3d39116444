// The style sheet of all pages: readable on a phone, in the dark and on paper; the reader's own fonts. Constant.

enum SiteStyle {
    static let reply = StaticReply("text/css; charset=utf-8", Array((base + reference + interface).utf8))

    private static let base = """
        :root { color-scheme: light dark; --line: #d0d4da; --soft: #566070; --shade: #f4f6f8; --link: #0b57d0;
          --on-link: #fff; --good: #1b7a3d; --bad: #b3261e; --busy: #8a5a00; --page: #fff; --text: #1a1e24; }
        @media (prefers-color-scheme: dark) {
          :root { --line: #3a414b; --soft: #a2abb7; --shade: #1c2128; --link: #8ab4f8; --on-link: #10141a;
            --good: #7bd197; --bad: #ff9b93; --busy: #f0c36d; --page: #12161b; --text: #e4e8ee; }
        }
        * { box-sizing: border-box; }
        html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
        body { background: var(--page); color: var(--text); margin: 0 auto; max-width: 70rem; padding: 1rem; }
        body { font: 1rem/1.55 system-ui, sans-serif; }
        h1, h2, h3, h4, h5 { line-height: 1.25; margin: 1.6em 0 .5em; }
        h1 { font-size: 1.7rem; margin-top: .7em; overflow-wrap: anywhere; }
        h2 { border-bottom: 1px solid var(--line); padding-bottom: .2em; }
        h4 { font-size: 1.05rem; overflow-wrap: anywhere; }
        h5 { font-size: .95rem; }
        a { color: var(--link); }
        :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
        code, pre { font: .9em/1.45 ui-monospace, monospace; }
        code { overflow-wrap: anywhere; }
        pre { background: var(--shade); border: 1px solid var(--line); border-radius: .4rem; }
        pre { overflow-x: auto; padding: .8rem; }
        pre code { font-size: .85rem; overflow-wrap: normal; }
        .copy { user-select: all; }
        article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: 0 1rem 1rem; }
        article h2 { border: 0; font-size: 1.1rem; }
        article h2, article h3, article h4 { margin-top: 1em; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        caption { color: var(--soft); font-size: .9rem; text-align: left; }
        th, td { border-bottom: 1px solid var(--line); padding: .4rem .9rem .4rem 0; }
        th, td { text-align: left; vertical-align: top; }
        td { white-space: pre-line; }
        td code { overflow-wrap: normal; }
        [hidden] { display: none !important; }
        @media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }

        """

    /// The API's page.
    private static let reference = """
        .method { background: var(--link); border-radius: .3rem; color: var(--on-link); padding: .1em .4em; }
        .members { margin: .3rem 0; }
        .members dt { margin-top: .7rem; }
        .members dd { border-left: 2px solid var(--line); margin: .2rem 0 0; padding-left: .9rem; }
        .members p, .inner p { margin: .2rem 0; }
        .inner { border-left: 2px solid var(--line); margin: .3rem 0; padding-left: .9rem; }
        .kind, .optional, .bounds { color: var(--soft); font-size: .9rem; }
        .bounds { display: flex; flex-wrap: wrap; gap: 0 1rem; list-style: none; margin: .1rem 0; padding: 0; }
        .optional { font-style: italic; }

        """

    /// Everything else.
    private static let interface = """
        .skip { left: -100vw; position: absolute; }
        .skip:focus { background: var(--page); left: 1rem; padding: .5rem; top: .5rem; z-index: 1; }
        .hidden { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; width: 1px; }
        .site { align-items: center; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; }
        .site { gap: .3rem 1.5rem; padding-bottom: .6rem; }
        .site nav { flex: 1; }
        .site ul, .tabs { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; margin: 0; padding: 0; }
        .tabs.small { font-size: .9rem; margin: .8rem 0; }
        .brand { font-weight: 700; margin: 0; }
        [aria-current] { color: inherit; font-weight: 700; }
        [aria-current] { text-decoration-thickness: 2px; text-underline-offset: .3em; }
        .soft { color: var(--soft); font-size: .9rem; }
        .bad { color: var(--bad); }
        .problem { border-left: 4px solid var(--bad); background: var(--shade); padding: .6rem .9rem; }
        .bar { align-items: center; display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; margin: 1rem 0; }
        .bar nav { flex: 1; }
        .pages { display: flex; gap: 1.2rem; margin: 1rem 0; }
        button, .button { background: var(--link); border: 1px solid var(--link); border-radius: .4rem; }
        button, .button { color: var(--on-link); cursor: pointer; display: inline-block; font: inherit; }
        button, .button { padding: .35rem .9rem; text-decoration: none; }
        button:disabled { opacity: .6; }
        .quiet { background: none; color: var(--link); }
        .danger { background: none; border-color: var(--bad); color: var(--bad); }
        .copier { float: right; font-size: .8rem; margin: .4rem; padding: .1rem .6rem; }
        input, select, textarea { background: var(--page); border: 1px solid var(--soft); border-radius: .4rem; }
        input, select, textarea { color: inherit; font: inherit; max-width: 100%; padding: .4rem .6rem; }
        textarea { font: .9rem/1.45 ui-monospace, monospace; width: 100%; }
        main form > label, .fields label { display: block; font-weight: 600; margin: .9rem 0 .2rem; }
        main form[action="/try"] input, .fields input, .fields select { width: 100%; }
        main form[action="/try"] button, .narrow button { margin-top: .9rem; }
        .narrow { max-width: 26rem; }
        .narrow input { width: 100%; }
        .facts { display: grid; gap: .3rem 1.2rem; grid-template-columns: max-content 1fr; }
        .facts dt { color: var(--soft); }
        .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
        .badge { border: 1px solid currentcolor; border-radius: 1rem; font-size: .85rem; padding: .05rem .6rem; }
        .badge { white-space: nowrap; }
        .badge.good { color: var(--good); }
        .badge.bad { color: var(--bad); }
        .badge.busy { color: var(--busy); }
        progress { accent-color: var(--link); height: .8rem; margin-right: .7rem; width: 9rem; }
        .counts { font-variant-numeric: tabular-nums; white-space: nowrap; }
        .stages { list-style: none; padding: 0; }
        .stages li { align-items: center; display: grid; gap: 0 1rem; grid-template-columns: 11rem 1fr max-content; }
        .stages progress { width: 100%; }
        .languages { display: grid; gap: 0 1.5rem; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
        .languages section { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: 0 1rem; }
        .plain { padding-left: 1.2rem; overflow-wrap: anywhere; }
        .pictures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
        .pictures { padding: 0; font-size: .8rem; list-style: none; overflow-wrap: anywhere; }
        .pictures img { background: var(--shade); border-radius: .4rem; display: block; }
        .pictures img { object-fit: cover; width: 100%; }
        .cut { display: block; max-width: 34rem; overflow-wrap: anywhere; }
        .cards, .charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
        .card { border: 1px solid var(--line); border-radius: .5rem; padding: 0 1rem; }
        .card h3 { margin-top: .8em; }
        .chart { margin: .5rem 0; }
        .chart svg { background: var(--shade); border-radius: .4rem; display: block; height: 6rem; width: 100%; }
        .chart .bar { fill: var(--link); }
        .chart .bar.bad { fill: var(--bad); }
        .axis { display: flex; justify-content: space-between; margin: .2rem 0; }
        @media (max-width: 36rem) {
          .facts, .stages li { grid-template-columns: 1fr; }
          .facts dd { margin-bottom: .4rem; }
          .stages li { margin-bottom: .6rem; }
        }
        @media print { .site, .bar, .pages, .copier { display: none; } }
        """
}

// The cleaned HTML of a model's answer (C2.4).
import Engine
import Testing

@Suite("C2.4: damage descriptions", .timeLimit(.minutes(1)))
struct DamageHTMLTests {
    @Test(
        "allowed markup stays, all other markup is removed or escaped",
        arguments: [
            ("", ""), ("  \n ", ""), ("Front damage.", "<p>Front damage.</p>"),
            (" Front damage.\n", "<p>Front damage.</p>"),
            ("<p>Front</p>", "<p>Front</p>"), ("<p>a</p>\n<p>b</p>", "<p>a</p><p>b</p>"),
            ("a\n\nb", "<p>a</p><p>b</p>"),
            ("a\nb", "<p>a\nb</p>"), ("<p>a\n\nb</p>", "<p>a\n\nb</p>"),
            (
                "<ul><li>a</li><li><strong>b</strong> <em>c</em></li></ul>",
                "<ul><li>a</li><li><strong>b</strong> <em>c</em></li></ul>"
            ),
            ("<ul>\n <li>a</li>\n</ul>", "<ul><li>a</li></ul>"), ("<p>a<br/>b<br>c</p>", "<p>a<br>b<br>c</p>"),
            (#"<p class="x" onclick='alert(">")'>a</p>"#, "<p>a</p>"), ("<P>a</P>", "<p>a</p>"),
            ("<script>alert(1)</script>a", "<p>a</p>"), ("<style>p{}</style>", ""), ("<script>alert(1)", ""),
            ("<a href=\"javascript:x\">a</a>", "<p>a</p>"), ("<b>a</b><i>b</i>", "<p>ab</p>"),
            ("<h2>Front</h2>bumper", "<p>Front bumper</p>"), ("<img src=x onerror=alert(1)>a", "<p>a</p>"),
            ("<!-- hidden -->a", "<p>a</p>"), ("a<!-- never closed", "<p>a</p>"), ("<!DOCTYPE html>a", "<p>a</p>"),
            ("a < b & c > d", "<p>a &lt; b &amp; c &gt; d</p>"), ("dents <5 cm", "<p>dents &lt;5 cm</p>"),
            ("a &amp; b &#39;c&#x27; &nbsp; &bogus", "<p>a &amp; b &#39;c&#x27; &nbsp; &amp;bogus</p>"),
            ("&lt;script&gt;", "<p>&lt;script&gt;</p>"), ("a <", "<p>a &lt;</p>"), ("a <p", "<p>a &lt;p</p>"),
            ("\"quoted\" 'text'", "<p>\"quoted\" 'text'</p>"), ("a\0\u{8}b", "<p>ab</p>"), ("<p-x>a</p-x>", "<p>a</p>"),
            ("<scr<script>ipt>alert(1)</script>", "<p>ipt&gt;alert(1)</p>"),
            ("<p>Перед &amp; зад</p>", "<p>Перед &amp; зад</p>"),
            // A mark on a space is visible, anywhere in the text.
            ("a \u{328}", "<p>a \u{328}</p>"), (" \u{328}a", "<p> \u{328}a</p>"), ("\n \u{328}\n", "<p> \u{328}</p>"),
        ])
    func cleaned(text: String, expected: String) {
        #expect(DamageHTML.clean(text) == expected)
    }

    @Test(
        "C2.4: a text without a visible character is blank",
        arguments: [
            ("", true), (" \n", true), ("<p></p>", true), ("<p> <br></p>", true), ("<ul><li></li></ul>", true),
            ("<img src=x onerror=1>", true), ("<script>alert(1)</script>", true), ("<!-- dent -->", true),
            ("<p>&nbsp;</p>", true), ("&#160;&#x200B;&ZeroWidthSpace;", true), ("<p>\u{200B}\u{FEFF}\u{A0}</p>", true),
            ("\u{200F}\u{2066}", true), ("<h1></h1>", true), ("&#0;", true),
            ("a", false), ("<p>a</p>", false), ("<img src=x>a", false), ("&amp;", false), ("&#65;", false),
            ("&#x41;", false), ("&eacute;", false), ("<", false), ("&", false), ("&;", false), ("می\u{200C}شود", false),
        ])
    func blank(text: String, isBlank: Bool) {
        #expect(DamageHTML.isBlank(text) == isBlank)
    }

    @Test(
        "tags are balanced and only in allowed places",
        arguments: [
            ("<p>a", "<p>a</p>"), ("a</p>", "<p>a</p>"), ("<p>a<p>b", "<p>a</p><p>b</p>"),
            ("<strong>a", "<p><strong>a</strong></p>"),
            ("<p><strong>a</p>b", "<p><strong>a</strong></p><p>b</p>"), ("<li>a<li>b", "<ul><li>a</li><li>b</li></ul>"),
            ("<ul>a</ul>", "<ul><li>a</li></ul>"), ("<ul><p>a</p></ul>", "<ul><li><p>a</p></li></ul>"),
            ("<p>a<ul><li>b</ul>c", "<p>a</p><ul><li>b</li></ul><p>c</p>"),
            ("<ul><li>a<ol><li>b</ol></li><li>c</ul>", "<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>"),
            ("<strong><em>a</strong>b</em>", "<p><strong><em>a</em></strong>b</p>"),
            ("<strong>a<strong>b</strong>", "<p><strong>ab</strong></p>"),
            ("a<ul><li>b", "<p>a</p><ul><li>b</li></ul>"),
            ("</ul></li></p>", ""), ("<br>", "<p><br></p>"),
        ])
    func balanced(text: String, expected: String) {
        #expect(DamageHTML.clean(text) == expected)
    }
}

"""Words by which people of many languages speak of a team: what a heading, a column or a field of a role may be called.

A language is an entry of `LANGUAGES`; another is added by writing one more, and any list may be left out. Words are
separated by commas, and are found in any letter case. Those of scripts without blanks between words are found anywhere.
Structure works without words: these only help to tell a team from steps and rules.
"""

import re
import unicodedata
from dataclasses import dataclass, fields
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a language.

    Attributes:
        team: In a heading above roles.
        group: Headings of groups of roles, besides those.
        unit: Words by which a heading is that of a part of a whole, whatever else it says.
        never: In headings of rules, steps, tables of commands and the like, whatever else they say.
        opens: Words with which a rule or an instruction begins, and no name.
        person: What people and agents do for a living, in names.
        name, agent, role: Columns of names, of agents and of what somebody is.
        duty: Columns and fields of what somebody does.
        file: Columns of the files of roles.
        number: Columns before the names.
        value: Columns of a table whose rows are fields, as in `Attribute | Value`.
        reports, manages, reviews, reviewed, delegates, shares: Fields that name other roles.
        and_: Words between names.
        human: Those that a role may report to without being one.
        headcount, model: Keys of roles, beside their English names.
    """

    team: str = ""
    group: str = ""
    unit: str = ""
    never: str = ""
    opens: str = ""
    person: str = ""
    name: str = ""
    agent: str = ""
    role: str = ""
    duty: str = ""
    file: str = ""
    number: str = ""
    value: str = ""
    reports: str = ""
    manages: str = ""
    reviews: str = ""
    reviewed: str = ""
    delegates: str = ""
    shares: str = ""
    and_: str = ""
    human: str = ""
    headcount: str = ""
    model: str = ""


LANGUAGES = {
    "en": Words(
        team="team, teams, crew, squad, roster, agents, agent, subagents, roles, role, members, staff, staffing, personas, people, "
        "personnel, org chart, organization chart, organizational chart, organisation chart, organization, cast, "
        "researchers, specialists, workers, officers, c suite, c levels, who does what, hierarchy, boardroom, coordinator, coordinators, "
        "players, constellation, instances",
        group="active, core, current, inactive, leadership, management, engineering, operations, research, production, support, quality, "
        "product, strategy, business, specialists, suite, content, bizdev, growth, intelligence",
        unit="division, department, layer, tier, domain, squad, tribe, guild",
        never="rules, rule, step, steps, phase, phases, stage, stages, workflow, workflows, process, processes, protocol, protocols, "
        "communication, guidelines, guide, setup, usage, installation, getting started, overview, introduction, structure, "
        "architecture, commands, command, tools, tooling, tech, stack, tests, testing, project, context, goals, goal, "
        "principles, policy, policies, notes, references, format, template, templates, examples, example, faq, roadmap, "
        "changelog, license, contributing, issues, issue, source, matrix, log, history, memory, metrics, kpi, budget, "
        "schedule, cadence, meetings, decision, decisions, checklist, deprecated, departed, former, archived, removed, slot, slots, "
        "candidates, files, file, configuration, settings, permissions, capabilities, routing, updates, update, sessions, "
        "when, how, why, what, output, outputs, input, inputs, experiments, experiment, loop, environment, requirements, "
        "composition rules, combinations, comparison, culture, values, vision, mission, safety, security model, playbooks, "
        "escalation, handoff, handoffs, conventions, standards, index, selection, creation, creating, relations, links, "
        "interaction, features, feature, documentation, learn, resources, quick start, concepts, plugins, integrations, endpoints, api, jobs, "
        "types, triggers, model, boundaries, responsibilities matrix, discipline, registration, flow, "
        "documents, docs, summary, related, artifacts, triage, gates, registries",
        person="engineer, developer, dev, lead, leader, manager, architect, reviewer, tester, designer, analyst, researcher, scientist, "
        "writer, editor, planner, coordinator, orchestrator, director, officer, chief, head, owner, master, specialist, expert, "
        "agent, worker, assistant, critic, auditor, scout, explorer, strategist, operator, builder, coder, programmer, "
        "scribe, coach, captain, mentor, advisor, controller, validator, executor, supervisor, maintainer, curator, librarian, "
        "ceo, cto, cfo, coo, cmo, cpo, ciso, cio, pm, qa, devops, sre, po, maker, integrator, moderator, facilitator, champion, "
        "optimizer, monitor, administrator, secretary, trainer, skeptic, founder, inspector, intern, junior, juniors, "
        "senior, partner, keeper, butler, generator, publisher, steward, producer, player, mascot, investigator, pilot, navigator, "
        "observer, evaluator, judge, referee, verifier, synthesizer, chair, president, cook, technician, "
        "representative, consultant, implementer, translator, hunter, scientists, engineers, explorers, workers",
        name="name, who, member, agent name, role name, full name, codename, nickname, person, people",
        agent="agent, agents, subagent, bot, officer, worker, instance, actor, ai, persona id, teammate",
        role="role, title, position, function, specialty, specialization, type of agent",
        duty="mission, goal, goals, purpose, responsibility, responsibilities, duty, duties, what, does, what it does, what they do, "
        "description, charter, focus, domain, scope, expertise, skills, persona, when to use, tasks, main tasks, key tasks, "
        "capabilities, backstory, instructions, owns, area, areas, notes, trigger, key behavior, "
        "personality, deliverables, task, job, specialty, manages, works on",
        file="file, files, spec, path, folder, definition, playbook, charter, profile, config, prompt file, skill",
        number="#, no, nr, n, id, index, number, emoji, icon, level, tier, stage",
        value="attribute, field, property, key, item, aspect",
        reports="reports to, reporting to, reports into, report to",
        manages="supervises",
        reviews="checks the work of",
        reviewed="approved by",
        delegates="hands over to, assigns to",
        shares="shares with",
        and_="and, or",
        human="user, users, human, humans, owner, founder, client, customer, principal, stakeholder, stakeholders, you, human principal",
        opens="how, after, before, when, while, if, use, using, each, every, no, not, never, always, do, don't, show, see, why, what, where, can, must, should, get, add, create, run, make, write, read, check, collect, keep, ask, wait, start, stop, spawn, review, stale, only, learn, build, fix, update, any, this, your",
    ),
    "de": Words(
        team="mannschaft, das team, rollen, rolle, rollenbeschreibung, rollenübersicht, agenten, mitglieder, mitarbeiter, personen, "
        "organigramm, besetzung, gruppe, teammitglieder, rollenverteilung",
        group="aktiv, leitung, kernteam",
        unit="abteilung, bereich, ebene",
        never="regeln, regel, schritt, schritte, phasen, ablauf, abläufe, arbeitsweise, prozess, kommunikation, übersicht, überblick, "
        "einleitung, einrichtung, nutzung, verwendung, anleitung, aufbau, struktur, architektur, befehle, werkzeuge, "
        "grundsätze, hinweise, beispiel, beispiele, ziel, ziele, zielsetzung, zusammenfassung, weiterführende, konventionen, "
        "schnittstellen, ausführung, erweiterungsmöglichkeiten, was, wie, wann, warum, fazit, typen, kosten, sicherheit, "
        "geheimnis, zweck, vorgehen, vorgehensweise, funktionen, merkmale, dokumentation",
        person="ingenieur, ingenieurin, entwickler, entwicklerin, leiter, leiterin, leitung, teamleiter, projektleiter, "
        "projektmanager, produktmanager, architekt, architektin, systemarchitekt, prüfer, prüferin, tester, gestalter, "
        "analyst, forscher, forscherin, wissenschaftler, wissenschaftlerin, autor, redakteur, planer, koordinator, "
        "berater, spezialist, experte, handwerker, kritiker, moderator, protokollant, schreiber, späher, gutachter, "
        "agent, administrator, chef, chefin, sprecher, beauftragter",
        name="name, wer, mitglied, person",
        agent="agent, bot",
        role="rolle, titel, funktion, position, aufgabe",
        duty="aufgabe, aufgaben, verantwortung, verantwortlichkeiten, zuständigkeit, zuständigkeiten, ziel, zweck, auftrag, "
        "beschreibung, fokus, fachgebiet, kompetenzen, deine rolle ist, schwerpunkt",
        file="datei, pfad, akte",
        number="nr, nummer, ebene",
        value="merkmal, eigenschaft, feld",
        reports="berichtet an, vorgesetzter, vorgesetzte, unterstellt",
        manages="leitet",
        reviews="prüft die arbeit von, begutachtet",
        reviewed="geprüft von, begutachtet von",
        delegates="delegiert an, übergibt an, gibt weiter an",
        shares="teilt mit",
        and_="und, oder, sowie",
        human="mensch, nutzer, anwender, kunde, auftraggeber",
        headcount="anzahl, kopfzahl",
        model="modell, sprachmodell",
        opens="wie, nach, vor, wenn, falls, nutze, verwende, jeder, jede, jedes, kein, keine, nicht, nie, immer, zeige, siehe, warum, was, wo, muss, soll",
    ),
    "fr": Words(
        team="équipe, équipes, rôles, rôle, membres, personnel, organigramme, agents, effectif, acteurs, qui fait quoi, responsabilités clés",
        group="actifs, direction, noyau, exécutants",
        unit="domaine, département, pôle, service",
        never="règles, règle, étape, étapes, phase, fonctionnement, processus, communication, aperçu, introduction, installation, "
        "utilisation, commandes, outils, principes, exemple, exemples, objectif, objectifs, méthode, liens, essentiel, "
        "résumé, erreurs, pourquoi, comment, quand, modèles, matrice, gestion, feuille de route, scénario, bénéfices, "
        "intégration, investissement, livrables, interaction, principe, lancer, tâches, combiner, définition, ce que, fonctionnalités, documentation",
        person="ingénieur, développeur, développeuse, chef, cheffe, responsable, architecte, relecteur, relectrice, testeur, "
        "concepteur, analyste, chercheur, chercheuse, scientifique, rédacteur, rédactrice, planificateur, coordinateur, "
        "coordinatrice, orchestrateur, directeur, directrice, spécialiste, expert, auditeur, contrôleur, documentaliste, "
        "intégrateur, stratège, opérationnel, gestionnaire, optimiseur, éclaireur, superviseur",
        name="nom, membre, qui, prénom",
        agent="agent, bot",
        role="rôle, fonction, poste, titre",
        duty="mission, objectif, responsabilité, responsabilités, description, tâche, tâches, domaine, compétences, focus, essence, "
        "ce qu'il fait, ce qu'elle fait, produit, interdit, rôle",
        file="fichier, chemin, fiche",
        number="n°, numéro, niveau",
        value="attribut, champ, propriété, élément",
        reports="rend compte à, rapporte à, supérieur hiérarchique, responsable hiérarchique, encadré par",
        manages="encadre, supervise",
        reviews="relit, relit le travail de",
        reviewed="relu par, vérifié par, validé par",
        delegates="délègue à, transmet à, confie à",
        shares="partage avec",
        and_="et, ou",
        human="utilisateur, client, humain",
        headcount="effectif, nombre d'agents",
        model="modèle",
        opens="comment, après, avant, quand, si, utiliser, utilisez, chaque, aucun, pas, jamais, toujours, voir, pourquoi, créer, lancer, lire, vérifier",
    ),
    "es": Words(
        team="equipo, equipos, roles, rol, miembros, integrantes, personal, organigrama, agentes, plantilla, quién hace qué",
        group="activos, dirección, núcleo",
        unit="departamento, dominio, división, área de",
        never="reglas, regla, paso, pasos, fase, fases, flujo, flujos, proceso, comunicación, resumen, introducción, instalación, uso, "
        "comandos, herramientas, principios, ejemplo, ejemplos, objetivo, objetivos, método, enlaces, matriz, cuándo, cómo, "
        "por qué, estado, identificación, guía, estructura, arquitectura, entornos, identidad, mapa, empezar, funcionalidades, características, documentación",
        person="ingeniero, ingeniera, desarrollador, desarrolladora, líder, jefe, jefa, arquitecto, arquitecta, revisor, revisora, "
        "probador, diseñador, diseñadora, analista, investigador, investigadora, científico, científica, redactor, redactora, "
        "planificador, coordinador, coordinadora, orquestador, director, directora, especialista, experto, auditor, auditora, "
        "implementador, gerente, responsable, agente, explorador, exploradora, constructor",
        name="nombre, miembro, integrante, quién, persona",
        agent="agente, bot",
        role="rol, cargo, puesto, función, título, papel",
        duty="misión, objetivo, responsabilidad, responsabilidades, descripción, tarea, tareas, área, enfoque, especialización, "
        "experiencia, instrucciones específicas, personalidad, identificador, prompt base",
        file="archivo, fichero, ruta",
        number="n°, número, nivel",
        value="atributo, campo, propiedad, elemento",
        reports="reporta a, informa a, supervisado por, jefe, responde a",
        manages="dirige a, supervisa a, lidera a",
        reviews="revisa a, revisa el trabajo de",
        reviewed="revisado por, aprobado por",
        delegates="delega en, delega a, entrega a, pasa a",
        shares="comparte con",
        and_="y, e, o",
        human="usuario, cliente, humano",
        headcount="cantidad, número de agentes",
        model="modelo",
        opens="cómo, después, antes, cuando, si, usar, usa, cada, ningún, no, nunca, siempre, ver, por, crear, delegar, leer, verificar",
    ),
    "pt": Words(
        team="equipe, equipa, time, papéis, papel, membros, integrantes, organograma, agentes, quadro, constelação, quem faz o quê",
        group="ativos, direção, núcleo",
        unit="departamento, domínio, divisão, camada",
        never="regras, regra, passo, passos, etapa, etapas, fase, fases, fluxo, processo, comunicação, visão geral, introdução, instalação, "
        "uso, comandos, ferramentas, princípios, exemplo, exemplos, objetivo, objetivos, método, matriz, quando, como, por que, "
        "política, variantes, pendências, modificadores, autoridade, registros, documentação, saídas, métricas, segurança, funcionalidades, recursos",
        person="engenheiro, engenheira, desenvolvedor, desenvolvedora, líder, chefe, arquiteto, arquiteta, revisor, revisora, "
        "testador, testadora, projetista, analista, pesquisador, pesquisadora, cientista, redator, redatora, planejador, "
        "coordenador, coordenadora, orquestrador, diretor, diretora, especialista, auditor, auditora, gerente, agente, "
        "gestor, gestora, monitor, monitora, secretária, assistente, executor, crítico, explorador",
        name="nome, membro, integrante, quem, nome do agente, pessoa",
        agent="agente, bot",
        role="papel, cargo, função, título",
        duty="missão, objetivo, responsabilidade, responsabilidades, descrição, descrição resumida, tarefa, tarefas, "
        "principais tarefas, domínio, área, foco, especialidade, onde entra, propósito, ferramentas, modo de ação",
        file="arquivo, ficheiro, caminho",
        number="nº, número, nível",
        value="atributo, campo, propriedade, item",
        reports="reporta a, reporta se a, responde a, chefe, subordinado a",
        manages="gerencia, supervisiona",
        reviews="revisa o trabalho de",
        reviewed="revisado por, aprovado por",
        delegates="delega a, delega para, entrega para, passa para",
        shares="compartilha com, partilha com",
        and_="e, ou",
        human="usuário, utilizador, cliente, humano",
        headcount="quantidade, número de agentes",
        model="modelo",
        opens="como, depois, antes, quando, se, usar, use, cada, nenhum, não, nunca, sempre, ver, por, criar, ler, verificar",
    ),
    "zh": Words(
        team="团队, 成员, 角色, 花名册, 名录, 组织架构, 编制, 智能体, 人员, 分工, 小组, 伙计, 实例, 员工, 團隊, 成員, 名冊, 智能體",
        group="在岗, 核心, 管理层",
        unit="部门, 层, 部門, 事业部",
        never="规则, 规范, 步骤, 流程, 阶段, 通信, 沟通, 概述, 简介, 安装, 使用, 命令, 工具, 原则, 示例, 目标, 方法, 架构设计, 目录, "
        "准则, 矩阵, 契约, 纪律, 日志, 速查, 格式, 指南, 配置, 机制, 路线图, 运营, 维护, 协作, 关系, 详解, 激励, 草稿, 问题, 理念, "
        "检查, 经验, 选择, 执行, 管理原则, 总结, 顺序, 相关, 启动, 组合, 模板, 约束, 输出, 触发, 权限, 功能, 特性, 文档, 規則, 流程圖, 步驟",
        person="工程师, 经理, 架构师, 设计师, 分析师, 研究员, 开发者, 测试员, 评审员, 负责人, 主管, 组长, 专家, 编辑, 协调员, 审查员, 探索员, "
        "总监, 助理, 顾问, 管家, 掌柜, 先生, 厨子, 画师, 审核员, 工程師, 經理, 研究員, 智能体",
        name="姓名, 名字, 名称, 成员, 人格名称, 名稱",
        agent="智能体, 智能體, 代理, 实例, 机器人",
        role="角色, 职位, 岗位, 头衔, 身份, 職位",
        duty="职责, 核心职责, 任务, 使命, 职能, 描述, 定位, 专长, 说明, 目标, 核心工作, 负责, 主要负责, 職責, 隐喻, 备注, 行为",
        file="文件, 路径, 文件名, 技能",
        number="序号, 编号, 层级",
        value="项目, 属性, 字段, 項目",
        reports="汇报对象, 汇报给, 向谁报告, 上级, 直属上级, 匯報對象, 上級",
        manages="下级, 下属",
        reviews="审查对象, 评审对象",
        reviewed="审查人, 评审人, 由谁审查",
        delegates="分配给, 交付给, 委派给, 移交",
        shares="共享给",
        and_="和, 与, 及, 或, 、",
        human="用户, 东家, 人类, 客户, 老板, 用戶",
        headcount="人数, 数量, 人數",
        model="模型",
    ),
    "ja": Words(
        team="チーム, メンバー, 役割分担, 役割, 組織図, エージェント, 体制, 構成員, 名簿, 社員, 担当者, 担当分担, 経営陣, 監視, 評価",
        group="稼働中",
        unit="部門, 事業部, 階層, 部署",
        never="ルール, 規則, 手順, ステップ, 段階, フェーズ, フロー, 流れ, 概要, 紹介, 導入, 使い方, コマンド, ツール, 原則, 例, 目標, "
        "方法, 設定, 連携, 方針, 遷移, 基準, チェックリスト, 成果物, ファイル構成, 実行, 候補, 要件, ワークフロー, ガイドライン, 未稼働, 受信箱, 機能, 特徴, ドキュメント",
        person="エンジニア, 開発者, リーダー, マネージャー, アーキテクト, レビュアー, テスター, デザイナー, アナリスト, 研究者, 担当, "
        "責任者, 編集者, 監査官, 統制官, 顧問, 社長, 部長, 課長, エージェント, スペシャリスト, 探索者, 審査員, 指揮者, 調査員",
        name="名前, 氏名, メンバー, 名称",
        agent="エージェント, ボット",
        role="役割, 役職, 担当, 肩書, 職種",
        duty="役割, 責任, 責任範囲, 担当領域, 任務, 説明, 目的, 仕事, 主な仕事, 内容, 業務, 見るもの, 使命, 権限",
        file="ファイル, パス, スキル, スキルファイル",
        number="番号, 階層",
        value="項目, 属性",
        reports="報告先, 上司, 上長",
        manages="部下, 管理対象",
        reviews="レビュー対象, 監査対象",
        reviewed="レビュー担当, レビュアー",
        delegates="委任先, 引き継ぎ先, 引継ぎ先",
        shares="共有先",
        and_="と, および, または, 、",
        human="人間, ユーザー, オーナー, 顧客",
        headcount="人数, 台数",
        model="モデル",
    ),
    "ko": Words(
        team="팀, 팀원, 구성원, 팀 구성, 역할, 조직도, 에이전트, 명단, 인원, 멤버, 담당자, 계열",
        group="활성, 핵심, 상급",
        unit="본부, 계열, 부서, 사업부",
        never="규칙, 원칙, 단계, 절차, 흐름, 개요, 소개, 설치, 사용, 명령, 도구, 예시, 목표, 방법, 구조, 형식, 포맷, 배정, 산출물, 실행, "
        "입력, 출력, 생성, 프로세스, 시스템, 이론, 커맨드, 관리 규정, 운영, 기반, 정의 방법, 기능, 특징, 문서",
        person="엔지니어, 개발자, 리더, 팀장, 매니저, 아키텍트, 리뷰어, 테스터, 디자이너, 분석가, 연구원, 과학자, 담당, 책임자, 편집자, "
        "기획자, 기획실장, 조정자, 감독, 프로그래머, 에이전트, 전문가, 작가, 마케터, 탐색자, 검토자, 실장",
        name="이름, 성명, 팀원, 구성원",
        agent="에이전트, 봇",
        role="역할, 직책, 직위, 담당, 직함",
        duty="역할, 책임, 임무, 설명, 목적, 업무, 담당 업무, 담당 기술, 산출물, 기능, 전문 분야",
        file="파일, 경로",
        number="번호, 단계",
        value="항목, 속성",
        reports="보고 대상, 상사, 상급자",
        manages="부하, 관리 대상",
        reviews="검토 대상, 리뷰 대상",
        reviewed="검토자, 리뷰어",
        delegates="위임 대상, 인계 대상",
        shares="공유 대상",
        and_="및, 와, 과, 또는",
        human="사용자, 사람, 고객",
        headcount="인원, 인원수",
        model="모델",
    ),
}  # fmt: skip
"""The words of each language, by its code."""

_LETTERS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts without blanks, and Korean, with its endings


def normal(text: str) -> str:
    """A text as words are compared: one width, lower case, blanks for signs that join words."""
    folded = unicodedata.normalize("NFKC", text).casefold() if not text.isascii() else text.lower()
    return " ".join(re.sub(r"[-_/&+·,.:;!?*`'\"«»“”|()\[\]{}]+", " ", folded).split())


@cache
def words(kind: str) -> frozenset[str]:
    """All words of a kind, in any language, as `normal` has them."""
    listed = (word for language in LANGUAGES.values() for word in getattr(language, kind).split(","))
    return frozenset(normal(word) or word.strip() for word in listed if word.strip())


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    ordered = sorted(words(kind), key=len, reverse=True)
    whole = "|".join(re.escape(word) for word in ordered if not _LETTERS.search(word))
    inside = "|".join(re.escape(word) for word in ordered if _LETTERS.search(word))
    return re.compile(rf"(?<!\w)(?:{whole})(?!\w)|(?:{inside})")


def says(kind: str, text: str) -> bool:
    """Whether a text has a word of a kind."""
    return bool(_pattern(kind).search(normal(text)))


def is_word(kind: str, text: str) -> bool:
    """Whether a text is a word of a kind."""
    return normal(text) in words(kind) or text.strip() in words(kind)


def without(kind: str, text: str) -> str:
    """A text, as `normal` has it, without the words of a kind."""
    return " ".join(_pattern(kind).sub(" ", normal(text)).split())


KINDS = tuple(field.name for field in fields(Words))
"""The kinds of words."""
